import type { KubernetesObject } from '../../api/group-version.ts'
import { deepCopy, type JsonObject } from '../cache/json.ts'
import type { ApiRequest } from './api-request.ts'
import type { Draft } from './strategy.ts'

type Part = (draft: JsonObject, old: JsonObject) => JsonObject

/** All of the old object but its status, and metadata that a status writer may change. */
const status: Part = (draft, old) => {
  const metadata = draft.metadata as Draft<KubernetesObject['metadata']>
  const { ownerReferences } = old.metadata as KubernetesObject['metadata']
  const kept: JsonObject = { ...metadata, ownerReferences: deepCopy(ownerReferences) }
  if (ownerReferences === undefined) delete kept.ownerReferences
  return { ...deepCopy({ ...old, status: undefined, metadata: undefined }), metadata: kept, status: draft.status }
}

const fieldOf = (value: unknown, field: string) => (value as JsonObject | undefined)?.[field]

/** The old object with one field of its spec or status from the draft. */
const only =
  (parent: 'spec' | 'status', field: string): Part =>
  (draft, old) => {
    const next = deepCopy(old)
    next[parent] = { ...(next[parent] as JsonObject), [field]: fieldOf(draft[parent], field) }
    return next
  }

/** Container resources and resize policies, by container name; the set of containers stays. */
const resize: Part = (draft, old) => {
  const next = deepCopy(old)
  for (const list of ['containers', 'initContainers']) {
    const given = new Map(((fieldOf(draft.spec, list) ?? []) as JsonObject[]).map(one => [one.name, one]))
    for (const container of (fieldOf(next.spec, list) ?? []) as JsonObject[]) {
      const wanted = given.get(container.name)
      if (!wanted) continue
      for (const field of ['resources', 'resizePolicy']) {
        if (wanted[field] === undefined) delete container[field]
        else container[field] = wanted[field]
      }
    }
  }
  return next
}

/** What a write through a subresource may change. */
const parts: Readonly<Record<string, Part>> = {
  status,
  ephemeralcontainers: only('spec', 'ephemeralContainers'),
  resize,
  approval: only('status', 'conditions'),
  finalize: only('spec', 'finalizers'),
}

/** What the stored object becomes when only the part that the request is for follows the draft. */
export function confine(
  request: Pick<ApiRequest, 'served' | 'subresource'>,
  draft: Draft<KubernetesObject>,
  old: KubernetesObject,
): Draft<KubernetesObject> {
  const { subresource, served } = request
  const part = parts[subresource]
  if (part) {
    const { kind, apiVersion, metadata, ...rest } = part(draft as unknown as JsonObject, old as unknown as JsonObject)
    return { kind, apiVersion, metadata, ...rest } as unknown as Draft<KubernetesObject>
  }
  if (!served.resource.status) return draft
  const { status: _, ...rest } = draft as unknown as JsonObject
  const held = (old as { status?: unknown }).status
  return (held === undefined ? rest : { ...rest, status: deepCopy(held) }) as unknown as Draft<KubernetesObject>
}
