import type { KubernetesObject } from '../../api/group-version.ts'
import { type FieldSelector, matchesFields, parseFieldSelector } from '../../machinery/field-selector.ts'
import { type LabelSelector, matchesLabels, parseLabelSelector } from '../../machinery/label-selector.ts'
import { badRequest } from '../../machinery/status-error.ts'
import type { Entry } from '../cache/entry.ts'
import { labelPair } from '../cache/field-index.ts'
import { at } from '../cache/json.ts'
import type { ApiRequest } from './api-request.ts'
import { storageKey } from './storage-key.ts'

/** Which objects a list, a watch or a deletecollection is about, besides the namespace. */
export interface Selection {
  /** No selector at all: everything matches. */
  readonly all: boolean
  readonly matches: (entry: Entry) => boolean
  /** Entries that may match, from an index, in the order of keys; undefined: all may. The cache must be loaded. */
  candidates(): readonly Entry[] | undefined
}

/** Fields that many lists select by, and so are worth an index. */
const indexed: Readonly<Record<string, readonly string[]>> = { pods: ['spec.nodeName'] }

const everything: Selection = { all: true, matches: () => true, candidates: () => undefined }

/** Reads labelSelector and fieldSelector; a name on the URL of a collection selects too. */
export function selectionOf(request: ApiRequest): Selection {
  const labels = parsed('labelSelector', request, parseLabelSelector)
  const given = parsed('fieldSelector', request, parseFieldSelector)
  const fields = request.name
    ? [...given, { field: 'metadata.name', operator: '=' as const, value: request.name }]
    : given
  if (labels.length === 0 && fields.length === 0) return everything
  demandSelectable(request, fields)
  const matches = ({ object }: Entry) => {
    if (!matchesLabels(labels, object.metadata.labels)) return false
    return fields.length === 0 || matchesFields(fields, object)
  }
  return { all: false, matches, candidates: () => candidates(request, labels, fields) }
}

function parsed<T>(param: string, request: ApiRequest, parse: (text: string) => readonly T[]): readonly T[] {
  const text = request.param(param)
  if (!text) return []
  try {
    return parse(text)
  } catch (error) {
    throw badRequest((error as Error).message)
  }
}

function demandSelectable({ served: { resource } }: ApiRequest, fields: FieldSelector): void {
  for (const { field } of fields) {
    if (field === 'metadata.name' || (field === 'metadata.namespace' && resource.namespaced)) continue
    if (!resource.selectableFields.includes(field)) throw badRequest(`field label not supported: ${field}`)
  }
}

/** From the index that leaves the fewest to look at. */
function candidates(request: ApiRequest, labels: LabelSelector, fields: FieldSelector): readonly Entry[] | undefined {
  const { cache, prefix, resource } = request.served
  for (const { field, operator, value } of fields) {
    if (operator !== '=') continue
    if (field === 'metadata.name' && (!resource.namespaced || request.namespace !== undefined)) {
      const entry = cache.get(storageKey(prefix, request.namespace, value))
      return entry ? [entry] : []
    }
    if (indexed[resource.plural]?.includes(field)) return cache.field(field, fieldValue(field)).get(value)
  }
  let best: { pair: string; count: number } | undefined
  for (const { key, operator, values } of labels) {
    const one = operator === '=' || operator === '==' || (operator === 'in' && values.length === 1)
    if (!one) continue
    const pair = labelPair(key, values[0] ?? '')
    const count = cache.labels.count(pair)
    if (!best || count < best.count) best = { pair, count }
  }
  // Sorting what an index gives costs more than a scan that keeps most of what it sees.
  if (!best || best.count * 4 > cache.size) return undefined
  return cache.labels.get(best.pair)
}

const fieldValue = (field: string) => (object: KubernetesObject) => {
  const value = at(object, field)
  return [value === undefined ? '' : String(value)]
}
