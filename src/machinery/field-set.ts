/**
 * Sets of fields of an object, as server-side apply keeps them. A set is a tree whose edges are path elements the way
 * fieldsV1 writes them: `f:spec` a field, `k:{"name":"a"}` an element of a keyed list, `v:"x"` a value in a set.
 */
export interface FieldSet {
  /** The path that leads here is in the set itself, not only paths below it. */
  readonly member: boolean
  readonly below: ReadonlyMap<string, FieldSet>
}

const nothing: ReadonlyMap<string, FieldSet> = new Map()
/** The set without fields. */
export const noFields: FieldSet = { member: false, below: nothing }
/** Just the path that leads here. */
export const oneField: FieldSet = { member: true, below: nothing }

/** A set of children; those without any field are left out. */
export function fieldSet(member: boolean, children: Iterable<readonly [string, FieldSet]>): FieldSet {
  const below = new Map<string, FieldSet>()
  for (const [element, child] of children) if (!isEmpty(child)) below.set(element, child)
  return { member, below }
}

export function isEmpty({ member, below }: FieldSet): boolean {
  return !member && below.size === 0
}

/** Fields in either. */
export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmpty(a)) return b
  if (isEmpty(b)) return a
  const below = new Map(a.below)
  for (const [element, child] of b.below) below.set(element, union(below.get(element) ?? noFields, child))
  return { member: a.member || b.member, below }
}

/** Fields in `a` and not in `b`; what is below a field of `b` stays. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmpty(b)) return a
  const children = [...a.below].map(
    ([element, child]) => [element, difference(child, b.below.get(element) ?? noFields)] as const,
  )
  return fieldSet(a.member && !b.member, children)
}

/** Fields in both. */
export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  const children = [...a.below].map(
    ([element, child]) => [element, intersection(child, b.below.get(element) ?? noFields)] as const,
  )
  return fieldSet(a.member && b.member, children)
}

export function sameFields(a: FieldSet, b: FieldSet): boolean {
  if (a.member !== b.member || a.below.size !== b.below.size) return false
  for (const [element, child] of a.below) if (!sameFields(child, b.below.get(element) ?? noFields)) return false
  return true
}

/** Every field of the set as upstream prints it: `.spec.containers[name="a"].image`. */
export function fieldPaths(set: FieldSet, path = ''): string[] {
  const own = set.member ? [path] : []
  const sorted = [...set.below].sort(byElement)
  return own.concat(sorted.flatMap(([element, child]) => fieldPaths(child, path + elementText(element))))
}

/** A path element as upstream prints it. */
export function elementText(element: string): string {
  const rest = element.slice(2)
  if (element.startsWith('f:')) return `.${rest}`
  if (element.startsWith('v:')) return `[=${rest}]`
  if (element.startsWith('i:')) return `[${rest}]`
  const keys = Object.entries(JSON.parse(rest) as object)
  return `[${keys.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(',')}]`
}

const byElement = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]) => (a < b ? -1 : a > b ? 1 : 0)

/** The form in metadata.managedFields. */
export type FieldsV1 = { readonly [element: string]: FieldsV1 }

/** Reads fieldsV1; throws for what is none. */
export function parseFields(fields: unknown): FieldSet {
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) throw new TypeError('not fieldsV1')
  const children: [string, FieldSet][] = []
  for (const [element, child] of Object.entries(fields)) {
    if (element === '.') continue
    if (!/^[fkvi]:/.test(element)) throw new TypeError(`${element} is no path element`)
    const parsed = parseFields(child)
    children.push([element, isEmpty(parsed) ? oneField : parsed])
  }
  return fieldSet('.' in fields, children)
}

/** Writes fieldsV1: elements in order, `.` first where a path is in the set beside what is below it. */
export function formatFields({ member, below }: FieldSet): FieldsV1 {
  const entries = [...below].sort(byElement).map(([element, child]) => [element, formatFields(child)] as const)
  return Object.fromEntries(member && below.size > 0 ? [['.', {}], ...entries] : entries)
}
