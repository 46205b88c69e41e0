import type { View } from '../schema/view.ts'
import { difference, type FieldSet, noFields, union } from './field-set.ts'
import { childrenOf, elementOf, fieldsOf, granularity, type Loose, withDeclaredFields } from './object-fields.ts'

/** What an applied configuration makes of an object, given what its manager applied before and what others manage. */

/** The new object and the fields that the applier has from now on. Neither argument is changed. */
export function applied(
  view: View,
  live: object,
  config: object,
  managed: { readonly last: FieldSet | undefined; readonly others: readonly FieldSet[]; readonly own?: FieldSet },
): { readonly object: object; readonly fields: FieldSet } {
  const fields = managed.own ?? fieldsOf(view, config)
  const merged = merge(view, live, config)
  if (!managed.last) return { object: merged as object, fields }
  const kept = managed.others.reduce(union, fields)
  const dropped = difference(withDeclaredFields(view, managed.last), withDeclaredFields(view, kept))
  return { object: (without(view, merged, dropped) ?? {}) as object, fields }
}

/** The live value with what the configuration says put over it, field by field. */
function merge(view: View | undefined, live: unknown, config: unknown): unknown {
  const left = childrenOf(view, live)
  const right = childrenOf(view, config)
  if (!left || !right) return config
  if (Array.isArray(live)) return mergeList(view!, live, config as unknown[])
  const result = { ...(live as Loose) }
  for (const [element, child] of right) {
    const name = element.slice(2)
    result[name] = child.value === null ? undefined : merge(child.view, result[name], child.value)
  }
  return result
}

/** Elements in the order of the configuration; others stay behind the one that they follow. */
function mergeList(view: View, live: readonly unknown[], config: readonly unknown[]): unknown[] {
  const held = new Map(live.map(element => [elementOf(view, element), element]))
  const wanted = config.map(element => elementOf(view, element))
  const mentioned = new Set(wanted)
  const result: unknown[] = []
  let at = 0
  for (const element of live) {
    const id = elementOf(view, element)
    if (!mentioned.has(id)) result.push(element)
    else for (const end = wanted.indexOf(id); at <= end; at += 1) result.push(mergedAt(at))
  }
  for (; at < wanted.length; at += 1) result.push(mergedAt(at))
  return result

  function mergedAt(index: number): unknown {
    const id = wanted[index]!
    return held.has(id) ? merge(view.element, held.get(id), config[index]) : config[index]
  }
}

/** The value without these fields; undefined when that leaves nothing. */
function without(view: View | undefined, value: unknown, fields: FieldSet): unknown {
  if (fields.below.size === 0) return value
  const children = childrenOf(view, value)
  if (!children) return value
  const kept = [...children].flatMap(([element, child]) => {
    const below = fields.below.get(element) ?? noFields
    const left = below.member ? undefined : without(child.view, child.value, below)
    return left === undefined ? [] : [[element, left] as const]
  })
  if (kept.length === 0 && children.size > 0) return undefined
  if (granularity(view) === 'keys' || granularity(view) === 'set') return kept.map(([, left]) => left)
  return Object.fromEntries(kept.map(([element, left]) => [element.slice(2), left]))
}
