import type { KubernetesObject } from '../../api/group-version.ts'

/** The name of the class that an annotation marks as the default: of several the newest, then the first by name. */
export function newestDefault(classes: readonly KubernetesObject[], marks: readonly string[]): string | undefined {
  const marked = classes.filter(({ metadata }) => marks.some(mark => metadata.annotations?.[mark] === 'true'))
  const time = ({ metadata }: KubernetesObject) => metadata.creationTimestamp ?? ''
  const [first] = marked.sort((a, b) =>
    time(a) === time(b) ? (a.metadata.name < b.metadata.name ? -1 : 1) : time(a) > time(b) ? -1 : 1,
  )
  return first?.metadata.name
}
