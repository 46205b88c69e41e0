/** The files of volumes made of data: ConfigMaps, Secrets, facts about the pod, tokens. */
import { configMaps } from '../../api/core/v1/config-map.ts'
import { secrets } from '../../api/core/v1/secret.ts'
import type {
  ConfigMapProjection,
  DownwardAPIVolumeFile,
  KeyToPath,
  ProjectedVolumeSource,
  Volume,
  VolumeProjection,
} from '../../api/core/v1/volume.ts'
import { fieldValue, type NodeFacts, resourceValue } from '../env/field-ref.ts'
import type { Objects } from '../objects.ts'
import type { Pod } from '../pod/types.ts'
import type { Payload, PayloadFile } from './payload.ts'
import type { Tokens } from './tokens.ts'

export interface PayloadSources {
  readonly objects: Objects
  readonly tokens: Tokens
  readonly node: NodeFacts
}

type Data = ReadonlyMap<string, string | Uint8Array>
type ListedKeys = readonly KeyToPath[] | undefined

/** The files a volume shall hold; undefined when it is no volume made of data. Throws when something is missing. */
export async function volumePayload(pod: Pod, volume: Volume, sources: PayloadSources): Promise<Payload | undefined> {
  const { configMap, secret, downwardAPI, projected } = volume
  if (configMap)
    return fromObject(
      await configMapData(pod, configMap, sources),
      configMap.items,
      configMap.defaultMode,
      'configmap',
      configMap,
    )
  if (secret) {
    const { secretName: name, optional, items, defaultMode } = secret
    return fromObject(await secretData(pod, { name, optional }, sources), items, defaultMode, 'secret', {
      name,
      optional,
    })
  }
  if (downwardAPI) return downward(pod, downwardAPI.items, downwardAPI.defaultMode, sources)
  return projected && projectedPayload(pod, projected, sources)
}

async function projectedPayload(pod: Pod, projected: ProjectedVolumeSource, sources: PayloadSources): Promise<Payload> {
  const all = new Map<string, PayloadFile>()
  for (const source of projected.sources ?? []) {
    for (const [path, file] of await projection(pod, source, projected.defaultMode, sources)) all.set(path, file)
  }
  return all
}

async function projection(pod: Pod, source: VolumeProjection, mode: number, sources: PayloadSources): Promise<Payload> {
  const { configMap, secret, downwardAPI, serviceAccountToken } = source
  if (configMap)
    return fromObject(await configMapData(pod, configMap, sources), configMap.items, mode, 'configmap', configMap)
  if (secret) return fromObject(await secretData(pod, secret, sources), secret.items, mode, 'secret', secret)
  if (downwardAPI) return downward(pod, downwardAPI.items, mode, sources)
  if (serviceAccountToken) {
    const { audience, expirationSeconds, path } = serviceAccountToken
    const content = await sources.tokens.get(pod, { audience, expirationSeconds })
    return new Map([[path, { content, mode }]])
  }
  throw new Error(`this node cannot project ${Object.keys(source).join(', ')}`)
}

type Ref = Pick<ConfigMapProjection, 'name' | 'optional'>

async function configMapData(pod: Pod, { name = '', optional }: Ref, { objects }: PayloadSources): Promise<Data> {
  const { uid, namespace } = pod.metadata
  const object = await objects.get(uid, configMaps, namespace, name)
  if (!object && !optional) throw new Error(`configmap "${name}" not found`)
  const binary = Object.entries(object?.binaryData ?? {}).map(([k, v]) => [k, Buffer.from(v, 'base64')] as const)
  return new Map<string, string | Uint8Array>([...Object.entries(object?.data ?? {}), ...binary])
}

async function secretData(pod: Pod, { name = '', optional }: Ref, { objects }: PayloadSources): Promise<Data> {
  const { uid, namespace } = pod.metadata
  const object = await objects.get(uid, secrets, namespace, name)
  if (!object && !optional) throw new Error(`secret "${name}" not found`)
  return new Map(Object.entries(object?.data ?? {}).map(([k, v]) => [k, Buffer.from(v, 'base64')] as const))
}

function fromObject(data: Data, items: ListedKeys, mode: number, kind: string, { optional }: Ref): Payload {
  if (!items?.length) return new Map([...data].map(([path, content]) => [path, { content, mode }]))
  const chosen = new Map<string, PayloadFile>()
  for (const item of items) {
    const content = data.get(item.key)
    if (content !== undefined) chosen.set(item.path, { content, mode: item.mode ?? mode })
    else if (!optional)
      throw new Error(`${kind} references non-existent ${kind === 'secret' ? 'secret' : 'config'} key: ${item.key}`)
  }
  return chosen
}

function downward(
  pod: Pod,
  items: readonly DownwardAPIVolumeFile[] | undefined,
  mode: number,
  sources: PayloadSources,
): Payload {
  const files = new Map<string, PayloadFile>()
  for (const { path, fieldRef, resourceFieldRef, mode: own } of items ?? []) {
    const { node } = sources
    const content = fieldRef
      ? fieldValue(pod, fieldRef.fieldPath, { node, podIps: (pod.status.podIPs ?? []).map(p => p.ip) })
      : resourceFieldRef
        ? resourceValue(pod, resourceFieldRef, { node })
        : ''
    files.set(path, { content, mode: own ?? mode })
  }
  return files
}
