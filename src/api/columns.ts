import { humanDuration } from '../base/duration.ts'
import type { Column } from '../schema/resource.ts'

/** Columns and texts that the tables of many kinds share. */

interface Named {
  readonly metadata: { readonly name: string; readonly creationTimestamp?: string | undefined }
}
type Of<T> = Column<T>['of']

/** The first column of nearly every table. */
export const nameColumn: Column<Named> = { name: 'Name', format: 'name', of: object => object.metadata.name }
/** How old the object is. */
export const ageColumn: Column<Named> = { name: 'Age', type: 'date', of: object => object.metadata.creationTimestamp }
/** The same under another name. */
export const createdAtColumn: Column<Named> = { ...ageColumn, name: 'Created At' }

/** A column of text. */
export const text = <T>(name: string, of: Of<T>): Column<T> => ({ name, of })
/** A column of whole numbers. */
export const integer = <T>(name: string, of: Of<T>): Column<T> => ({ name, type: 'integer', of })
/** Shown with `-o wide` only. */
export const wide = <T>(name: string, of: Of<T>): Column<T> => ({ name, priority: 1, of })

/** How long ago a time was, `<unknown>` when there is none. */
export function since(time: string | undefined, now: number): string {
  return time === undefined ? '<unknown>' : humanDuration(now - Date.parse(time))
}

/** Some, and how many more there are. */
export function firstFew(texts: readonly string[], most: number): string {
  const shown = texts.slice(0, most).join(',')
  return texts.length > most ? `${shown} + ${texts.length - most} more...` : shown
}

/** `a=b,c=d` in order of keys. */
export function labelsText(labels: Readonly<Record<string, string>> | undefined): string {
  const texts = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`)
  return texts.length === 0 ? '<none>' : texts.sort().join(',')
}

interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>> | undefined
  readonly matchExpressions?:
    | readonly { readonly key: string; readonly operator: string; readonly values?: readonly string[] | undefined }[]
    | undefined
}

/** The text form of a selector object, in order of keys. */
export function selectorText({ matchLabels, matchExpressions }: Selector = {}): string {
  const terms: [string, string][] = Object.entries(matchLabels ?? {}).map(([key, value]) => [key, `${key}=${value}`])
  for (const { key, operator, values = [] } of matchExpressions ?? []) {
    const list = `(${[...values].sort().join(',')})`
    const forms: Readonly<Record<string, string>> = {
      In: `${key} in ${list}`,
      NotIn: `${key} notin ${list}`,
      Exists: key,
      DoesNotExist: `!${key}`,
    }
    terms.push([key, forms[operator] ?? key])
  }
  terms.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  return terms.length === 0 ? '<none>' : terms.map(([, term]) => term).join(',')
}

interface Template {
  readonly spec?:
    | { readonly containers?: readonly { readonly name: string; readonly image?: string | undefined }[] | undefined }
    | undefined
}

/** The names and images of the containers in a pod template. */
export function containerColumns<T>(template: (object: T) => Template | undefined): readonly Column<T>[] {
  const containers = (object: T) => template(object)?.spec?.containers ?? []
  return [
    wide('Containers', object =>
      containers(object)
        .map(container => container.name)
        .join(','),
    ),
    wide('Images', object =>
      containers(object)
        .map(container => container.image ?? '')
        .join(','),
    ),
  ]
}

const shortModes: Readonly<Record<string, string>> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
}
/** Access modes in their short form, `RWO,ROX`. */
export const accessModesText = (modes: readonly string[] | undefined): string =>
  Object.keys(shortModes)
    .filter(mode => modes?.includes(mode))
    .map(mode => shortModes[mode])
    .join(',')
