import type { KubernetesObject } from '../../api/group-version.ts'
import { isConflict } from '../../machinery/status-error.ts'
import { Entry, encodeStored, headOf } from '../cache/entry.ts'
import { deepCopy, type JsonObject } from '../cache/json.ts'
import { Change } from '../cache/watch-event.ts'
import type { Conversion } from '../conversion/conversion.ts'
import type { Answer, ApiRequest, Operate, Registry } from './api-request.ts'
import { decodeBody, expectedBody, shape } from './decode.ts'
import { applyPatch } from './patch.ts'
import { find } from './read.ts'
import type { Served } from './served.ts'
import type { Draft } from './strategy.ts'

/** A served version whose objects are stored in the form of another. */
export interface View {
  readonly served: Served
  readonly storedAs: Served
  readonly conversion: Conversion
}

const attempts = 5

/** Carries out a request on such a version by `operate` on the stored one. */
export async function throughVersion(
  registry: Registry,
  request: ApiRequest,
  view: View,
  operate: Operate,
): Promise<Answer> {
  const inner = { ...request, served: view.storedAs, param: storedParam(request, view.conversion), owned: true }
  if (request.verb === 'patch') return patchThrough(registry, request, inner, view, operate)
  if (request.verb === 'create' || request.verb === 'update') {
    const old = request.verb === 'update' ? await stored(inner) : undefined
    const body = view.conversion.toStored(decodeBody(request) as unknown as JsonObject, old)
    return shown(view, await operate(registry, { ...inner, body }))
  }
  return shown(view, await operate(registry, inner))
}

async function stored(request: ApiRequest): Promise<JsonObject> {
  return (await find(request)).object as unknown as JsonObject
}

async function patchThrough(
  registry: Registry,
  request: ApiRequest,
  inner: ApiRequest,
  view: View,
  operate: Operate,
): Promise<Answer> {
  for (let attempt = 1; ; attempt += 1) {
    const old = await stored(inner)
    const patched = await applyPatch(request, view.conversion.fromStored(old))
    const shaped = shape(request, patched as Draft<KubernetesObject>, expectedBody(request))
    const body = deepCopy(view.conversion.toStored(shaped as unknown as JsonObject, old))
    try {
      return shown(view, await operate(registry, { ...inner, verb: 'update', body }))
    } catch (error) {
      if (!isConflict(error) || attempt === attempts) throw error
    }
  }
}

function storedParam(request: ApiRequest, { fields }: Conversion): ApiRequest['param'] {
  return name => {
    const value = request.param(name)
    if (name !== 'fieldSelector' || !value) return value
    return value.replaceAll(/(^|,)([^=!,]+)/g, (_, comma: string, field: string) => comma + (fields[field] ?? field))
  }
}

const entries = new WeakMap<Entry, Entry>()
const changes = new WeakMap<Change, Change>()

function shownEntry({ served, conversion }: View, entry: Entry): Entry {
  let found = entries.get(entry)
  if (!found) {
    const object = conversion.fromStored(entry.object as unknown as JsonObject) as unknown as KubernetesObject
    const { key, revision } = entry
    found = new Entry({ key, revision, stored: encodeStored(object), head: headOf(served.resource), object })
    entries.set(entry, found)
  }
  return found
}

function shownChange(view: View, change: Change): Change {
  let found = changes.get(change)
  if (!found) {
    found = new Change(
      change.type,
      shownEntry(view, change.entry),
      change.previous && shownEntry(view, change.previous),
    )
    changes.set(change, found)
  }
  return found
}

function shown(view: View, answer: Answer): Answer {
  const { served } = view
  if (answer.type === 'entry') return { ...answer, served, entry: shownEntry(view, answer.entry) }
  if (answer.type === 'list')
    return { ...answer, served, entries: answer.entries.map(entry => shownEntry(view, entry)) }
  if (answer.type === 'watch') {
    return {
      ...answer,
      served,
      follow: follower =>
        answer.follow({
          ...follower,
          ended: error => follower.ended(error),
          bookmark: (...args) => follower.bookmark(...args),
          change: (type, change) => follower.change(type, shownChange(view, change)),
        }),
    }
  }
  const { kind } = answer.object as { kind?: string }
  if (kind !== served.resource.kind) return answer
  return { ...answer, served, object: view.conversion.fromStored(answer.object as JsonObject) }
}
