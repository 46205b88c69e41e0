import type { KubernetesObject } from '../../api/group-version.ts'
import { generatedName } from '../../machinery/namer.ts'
import { alreadyExists, badRequest, statusError } from '../../machinery/status-error.ts'
import { deepCopy } from '../cache/json.ts'
import type { Answer, ApiRequest, Registry } from './api-request.ts'
import { aroundWrite } from './around-write.ts'
import { store } from './commit.ts'
import { decodeBody } from './decode.ts'
import { type ManagedFields, trackManagers } from './managers.ts'
import { matchUrl, stampNew, subjectOf } from './metadata.ts'
import { demandNamespace } from './namespace-lifecycle.ts'
import { admitNew, isDryRun } from './pipeline.ts'
import { storageKey } from './storage-key.ts'
import type { Draft } from './strategy.ts'

/** How often another name is tried when a generated one is taken. */
const nameAttempts = 8

/** POST: a new object. */
export async function create(registry: Registry, request: ApiRequest): Promise<Answer> {
  const draft = decodeBody(request)
  if (draft.metadata.resourceVersion) throw badRequest('resourceVersion should not be set on objects to be created')
  return insert(registry, request, draft)
}

/** Makes a decoded object be there; `request.name` may say its name, an apply who manages which of its fields. */
export async function insert(
  registry: Registry,
  request: ApiRequest,
  draft: Draft<KubernetesObject>,
  managedFields?: ManagedFields,
): Promise<Answer> {
  const { served } = request
  matchUrl(request, draft.metadata)
  await demandNamespace(registry, request)
  stampNew(served, draft.metadata, registry.clock.now())
  const generated = !draft.metadata.name && draft.metadata.generateName
  for (let attempt = 1; ; attempt += 1) {
    const last = attempt === nameAttempts || !generated
    const object = last ? draft : deepCopy(draft)
    if (generated) object.metadata.name = generatedName(generated)
    const answer = await insertOnce(registry, request, object, managedFields)
    if (answer) return answer
    if (!generated) throw alreadyExists({ ...subjectOf(request), name: object.metadata.name })
    if (last) throw nameTaken(request, object.metadata.name)
  }
}

/** Undefined: the name is taken. */
async function insertOnce(
  registry: Registry,
  request: ApiRequest,
  draft: Draft<KubernetesObject>,
  managedFields: ManagedFields,
): Promise<Answer | undefined> {
  const { served } = request
  await admitNew(registry, request, draft)
  await trackManagers(registry, request, draft, undefined, managedFields)
  const key = storageKey(served.prefix, request.namespace, draft.metadata.name)
  const dryRun = isDryRun(request)
  return aroundWrite<Answer | undefined>(registry, request, draft, undefined, async () => {
    if (dryRun) {
      await served.cache.ready()
      const result = served.cache.get(key) ? undefined : ({ type: 'object', code: 201, object: draft, served } as const)
      return { stored: false, result }
    }
    const written = await store(served, key, draft as KubernetesObject, 0)
    if (!('entry' in written)) return { stored: false, result: undefined }
    return { stored: true, result: { type: 'entry', code: 201, entry: written.entry, served } }
  })
}

function nameTaken(request: ApiRequest, name: string) {
  const { group, plural } = request.served.resource
  const qualified = group ? `${plural}.${group}` : plural
  const message = `${qualified} "${name}" already exists, the server was not able to generate a unique name for the object`
  return statusError('AlreadyExists', message, { name, kind: plural, ...(group && { group }), retryAfterSeconds: 1 })
}
