import { isDeepStrictEqual } from 'node:util'
import type { View } from '../schema/view.ts'
import { elementText, type FieldSet, fieldSet, noFields, oneField } from './field-set.ts'

/** How objects and their schemas turn into sets of fields. */

/** Something in an object that is merged field by field: what is in it, by path element. */
interface Child {
  readonly value: unknown
  readonly view: View | undefined
}
export type Loose = Record<string, unknown>

/** How a value of the type is merged: as a whole (undefined), by its fields, by any names, by keys, as a set. */
export function granularity(view: View | undefined): 'fields' | 'names' | 'keys' | 'set' | undefined {
  if (!view) return undefined
  const { node, fields, many, options } = view
  if (many === 'list') return node.list === 'map' ? 'keys' : node.list === 'set' ? 'set' : undefined
  if ((node.mapType ?? options?.mapType) === 'atomic') return undefined
  if (fields) return 'fields'
  return many === 'map' ? 'names' : undefined
}

/** What is in a value, by path element; undefined: it is a whole of its own. */
export function childrenOf(view: View | undefined, value: unknown): Map<string, Child> | undefined {
  const how = granularity(view)
  if (how === undefined || typeof value !== 'object' || value === null) return undefined
  if (how === 'fields' || how === 'names') {
    if (Array.isArray(value)) return undefined
    const given = Object.entries(value).filter(([, child]) => child !== undefined)
    const viewOf = (name: string) => (how === 'fields' ? view!.fields!.get(name) : view!.element)
    return new Map(given.map(([name, child]) => [`f:${name}`, { value: child, view: viewOf(name) }]))
  }
  if (!Array.isArray(value)) return undefined
  return new Map(value.map(element => [elementOf(view!, element), { value: element, view: view!.element }]))
}

/** The path element of a member of a list that is merged by keys, or as a set. */
export function elementOf(view: View, element: unknown): string {
  if (view.node.list === 'set') return `v:${JSON.stringify(element)}`
  const keys: Loose = {}
  for (const key of [...(view.node.keys ?? [])].sort()) {
    const value = (element as Loose | null)?.[key] ?? view.element?.fields?.get(key)?.node.default
    if (value !== undefined) keys[key] = value
  }
  return `k:${JSON.stringify(keys)}`
}

/** What keeps lists from being merged element by element, in upstream's words: keys left out, elements that are there twice. */
export function listErrors(view: View | undefined, value: unknown, path = ''): string[] {
  const children = childrenOf(view, value)
  if (!children) return []
  const errors: string[] = []
  if (Array.isArray(value)) {
    const seen = new Set<string>()
    for (const [i, element] of value.entries()) {
      const id = elementOf(view!, element)
      const left = view!.node.keys?.find(key => !(key in JSON.parse(id.slice(2))))
      if (left !== undefined) {
        const why = `associative list with keys has an element that omits key field ${JSON.stringify(left)}`
        errors.push(`${path}: element ${i}: ${why} (and doesn't have default value)`)
      } else if (seen.has(id)) errors.push(`${path}: duplicate entries for key ${elementText(id)}`)
      seen.add(id)
    }
  }
  for (const [element, child] of children) {
    errors.push(...listErrors(child.view, child.value, path + elementText(element)))
  }
  return errors
}

const isEmptyObject = (value: unknown) =>
  typeof value === 'object' && (value === null || (!Array.isArray(value) && Object.keys(value).length === 0))

/** The fields that an applied object has an opinion about: leaves, elements of lists, and names in maps. */
export function fieldsOf(view: View | undefined, value: unknown): FieldSet {
  const children = childrenOf(view, value)
  if (!children) return oneField
  const named = granularity(view) === 'fields'
  return fieldSet(
    false,
    [...children].map(([element, child]) => {
      const { member, below } = fieldsOf(child.view, child.value)
      return [element, { member: member || !named || isEmptyObject(child.value), below }] as const
    }),
  )
}

/** The value and everything in it. */
function allFields(view: View | undefined, value: unknown): FieldSet {
  const children = childrenOf(view, value) ?? []
  return fieldSet(
    true,
    [...children].map(([element, child]) => [element, allFields(child.view, child.value)] as const),
  )
}

/** How one state of an object differs from another. */
export interface Comparison {
  /** Added, or of another value. */
  readonly changed: FieldSet
  readonly removed: FieldSet
}

const same: Comparison = { changed: noFields, removed: noFields }

export function compareFields(view: View | undefined, before: unknown, after: unknown): Comparison {
  if (before === after) return same
  if (before === undefined) return { changed: allFields(view, after), removed: noFields }
  if (after === undefined) return { changed: noFields, removed: allFields(view, before) }
  const left = childrenOf(view, before)
  const right = childrenOf(view, after)
  if (!left || !right) return isDeepStrictEqual(before, after) ? same : { changed: oneField, removed: noFields }
  const changed: [string, FieldSet][] = []
  const removed: [string, FieldSet][] = []
  for (const element of new Set([...left.keys(), ...right.keys()])) {
    const child = right.get(element) ?? left.get(element)!
    const below = compareFields(child.view, left.get(element)?.value, right.get(element)?.value)
    changed.push([element, below.changed])
    removed.push([element, below.removed])
  }
  return { changed: fieldSet(false, changed), removed: fieldSet(false, removed) }
}

/** The set with every declared field that something in the set is below of. */
export function withDeclaredFields(view: View | undefined, set: FieldSet): FieldSet {
  const how = granularity(view)
  const children = [...set.below].map(([element, child]) => {
    const field = how === 'fields' ? view?.fields?.get(element.slice(2)) : view?.element
    const { member, below } = withDeclaredFields(field, child)
    return [element, { member: member || (how === 'fields' && field !== undefined), below }] as const
  })
  return fieldSet(set.member, children)
}
