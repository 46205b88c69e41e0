import type { Pod } from '../../../api/core/v1/pod.ts'

export type PodSpec = Pod['spec']
export type Container = PodSpec['containers'][number]

/** Why a check fails: what is wrong, and where. */
export interface Violation {
  readonly reason: string
  readonly detail: string
}
export type Check = (spec: PodSpec, annotations: Readonly<Record<string, string>>) => Violation | undefined

export const allContainers = (spec: PodSpec): readonly Container[] =>
  [...(spec.initContainers ?? []), ...spec.containers, ...(spec.ephemeralContainers ?? [])] as readonly Container[]

/** Containers for which something holds. */
export const containersWith = (spec: PodSpec, holds: (container: Container) => boolean | undefined) =>
  allContainers(spec).filter(holds)

export const quoted = (texts: readonly string[]) => texts.map(text => JSON.stringify(text)).join(', ')

/** `container "a"`, `containers "a", "b"` */
export const naming = (containers: readonly Container[]) =>
  `container${containers.length > 1 ? 's' : ''} ${quoted(containers.map(one => one.name))}`

/** A violation when some containers are at fault. */
export function atFault(
  reason: string,
  containers: readonly Container[],
  text: (names: string) => string,
): Violation | undefined {
  return containers.length > 0 ? { reason, detail: text(naming(containers)) } : undefined
}
