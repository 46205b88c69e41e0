import type { View } from '../schema/view.ts'
import { inOrder } from './merge-order.ts'

/**
 * Strategic merge patch: like a merge patch, but lists whose schema says so are merged element by element, and
 * directives in the patch (`$patch`, `$retainKeys`, `$setElementOrder/...`, `$deleteFromPrimitiveList/...`) say more.
 */

/** A patch that makes no sense; the text is upstream's. */
export class StrategicMergePatchError extends Error {
  override readonly name = 'StrategicMergePatchError'
}

type Loose = Record<string, unknown>

const patchDirective = '$patch'
const retainKeys = '$retainKeys'
const orderPrefix = '$setElementOrder/'
const deletePrefix = '$deleteFromPrimitiveList/'

/** Answers the patched object; neither argument is changed. `view` is the type of the object. */
export function strategicMergePatch(object: unknown, patch: unknown, view: View): unknown {
  if (!isObject(patch)) throw new StrategicMergePatchError('a strategic merge patch must be an object')
  return mergeObject(isObject(object) ? object : {}, patch, view)
}

function mergeObject(original: Loose, patch: Loose, view: View | undefined): Loose {
  if (patchDirective in patch) {
    const { [patchDirective]: directive, ...rest } = patch
    if (directive === 'replace') return rest
    if (directive === 'delete') return {}
    if (directive !== 'merge') throw new StrategicMergePatchError(`Unknown patch type found: ${String(directive)}`)
    patch = rest
  }
  const result = retained({ ...original }, patch)
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith('$')) applyListDirective(result, key, value, patch)
    else if (value === null) delete result[key]
    else result[key] = mergeField(result[key], value, fieldOf(view, key), patch[orderPrefix + key])
  }
  return result
}

const fieldOf = (view: View | undefined, key: string) =>
  view?.fields?.get(key) ?? (view?.fields ? undefined : view?.element)

/** `$retainKeys` names what may stay; the rest goes. */
function retained(object: Loose, patch: Loose): Loose {
  const keep = patch[retainKeys]
  if (keep === undefined) return object
  if (!Array.isArray(keep)) throw new StrategicMergePatchError('invalid $retainKeys: must be a list')
  for (const key of Object.keys(patch)) {
    if (key.startsWith('$') || patch[key] === null || keep.includes(key)) continue
    throw new StrategicMergePatchError('the list in $retainKeys must contain all fields present in the patch')
  }
  return Object.fromEntries(Object.entries(object).filter(([key]) => keep.includes(key)))
}

function applyListDirective(object: Loose, key: string, value: unknown, patch: Loose): void {
  if (key.startsWith(deletePrefix)) {
    const name = key.slice(deletePrefix.length)
    if (!Array.isArray(value)) throw new StrategicMergePatchError(`invalid value of ${key}: must be a list`)
    const drop = new Set(value)
    const list = object[name]
    if (Array.isArray(list)) object[name] = list.filter(element => !drop.has(element))
  } else if (key.startsWith(orderPrefix)) {
    // With a list of the same name in the patch, merging that list puts it in order.
    const name = key.slice(orderPrefix.length)
    const list = object[name]
    if (name in patch || !Array.isArray(list) || !Array.isArray(value)) return
    object[name] = inOrder(list, list, value, mergeKeyIn(value))
  }
}

/** Elements of an order list are the merge keys alone: `{name: a}`, or plain values. */
const mergeKeyIn = (order: readonly unknown[]) => (isObject(order[0]) ? Object.keys(order[0])[0] : undefined)

function mergeField(original: unknown, patch: unknown, field: View | undefined, order: unknown): unknown {
  const strategies = field?.node.patchStrategy?.split(',') ?? []
  if (isObject(patch)) {
    if (strategies.includes('replace')) return clean(patch, field)
    return mergeObject(isObject(original) ? original : {}, patch, field)
  }
  if (!Array.isArray(patch)) return patch
  if (!strategies.includes('merge')) return patch
  return mergeList(Array.isArray(original) ? original : [], patch, field!, order)
}

/** What replaces instead of merging: without nulls and directives. */
function clean(patch: Loose, view: View | undefined): Loose {
  return mergeObject({}, patch, view)
}

function mergeList(original: readonly unknown[], patch: readonly unknown[], field: View, order: unknown): unknown[] {
  const key = field.node.patchMergeKey
  const ordered = (merged: unknown[]) => (Array.isArray(order) ? inOrder(merged, original, order, key) : merged)
  if (key === undefined || !isObject(patch[0] ?? original[0])) return ordered([...new Set([...original, ...patch])])
  const elements = patch.map(element => keyed(element))
  const replaces = elements.some(element => element[patchDirective] === 'replace')
  if (replaces) return elements.filter(element => element[patchDirective] !== 'replace')
  const merged = [...original]
  for (const element of elements) mergeElement(merged, element, key, field)
  return ordered(merged)
}

function keyed(element: unknown): Loose {
  if (isObject(element)) return element
  throw new StrategicMergePatchError('invalid patch: elements of a merged list must be objects')
}

function mergeElement(merged: unknown[], element: Loose, key: string, field: View): void {
  const value = element[key]
  if (value === undefined) {
    throw new StrategicMergePatchError(`map: ${goMap(element)} does not contain declared merge key: ${key}`)
  }
  const at = merged.findIndex(each => isObject(each) && String(each[key]) === String(value))
  if (element[patchDirective] === 'delete') {
    if (at < 0) return
    const kept = merged.filter(each => !isObject(each) || String(each[key]) !== String(value))
    merged.splice(0, merged.length, ...kept)
  } else if (at < 0) merged.push(mergeObject({}, element, field.element))
  else merged[at] = mergeObject(merged[at] as Loose, element, field.element)
}

/** As Go prints a map: `map[a:1 b:2]`. */
function goMap(value: unknown): string {
  if (!isObject(value)) return String(value)
  const entries = Object.keys(value)
    .sort()
    .map(key => `${key}:${goMap(value[key])}`)
  return `map[${entries.join(' ')}]`
}

function isObject(value: unknown): value is Loose {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
