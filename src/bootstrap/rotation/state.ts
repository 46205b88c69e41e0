/**
 * A rotation under way, as the cluster keeps it: ConfigMap kube-system/kobune-ca-rotation tells all nodes the step, and
 * the Secret of that name holds the new keys, encrypted with one that only machines of the control plane can make.
 */
import { createPrivateKey, hkdfSync } from 'node:crypto'
import { type ConfigMap, configMaps } from '../../api/core/v1/config-map.ts'
import { secrets } from '../../api/core/v1/secret.ts'
import { roles } from '../../api/rbac/v1/role.ts'
import { roleBindings } from '../../api/rbac/v1/role-binding.ts'
import type { Client } from '../../client/client.ts'
import { isNotFound } from '../../machinery/status-error.ts'
import { decryptFile, encryptFile } from '../certs/upload-certs.ts'
import { type Declared, declare } from '../ensure.ts'
import { keyFile, type Replacement } from './authorities.ts'
import { type RotationName, readStep, rotationNames, type Step, stepText } from './steps.ts'

export const rotationKey = { namespace: 'kube-system', name: 'kobune-ca-rotation' } as const
/** What a node says of itself: `<id> <step>`, or `<id> <step> <problem>`. */
export const rotationAnnotation = 'kobune.io/ca-rotation'

export interface Rotation {
  readonly id: string
  readonly which: readonly RotationName[]
  readonly steps: readonly Step[]
  /** The step that nodes are to have done. */
  readonly at: number
  readonly authorities: Readonly<Partial<Record<RotationName, Replacement>>>
}

/** Lets nodes see the step. */
export const rotationRights: readonly Declared[] = [
  declare(roles, {
    metadata: rotationKey,
    rules: [
      {
        apiGroups: [''],
        resources: ['configmaps'],
        resourceNames: [rotationKey.name],
        verbs: ['get', 'list', 'watch'],
      },
    ],
  }),
  declare(roleBindings, {
    metadata: rotationKey,
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: rotationKey.name },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'system:nodes' }],
  }),
]

export function rotationData({ id, which, steps, at, authorities }: Rotation): Record<string, string> {
  const texts = which.flatMap(name => [
    [`${name}.former`, authorities[name]!.former] as const,
    [`${name}.next`, authorities[name]!.next] as const,
  ])
  return {
    id,
    which: which.join(','),
    steps: steps.map(stepText).join('\n'),
    at: String(at),
    ...Object.fromEntries(texts),
  }
}

/** Throws when it is not what `rotationData` makes. */
export function readRotation({ data = {} }: Pick<ConfigMap, 'data'>): Rotation {
  const which = (data.which ?? '')
    .split(',')
    .filter((name): name is RotationName => rotationNames.includes(name as never))
  const steps = (data.steps ?? '').split('\n').map(readStep)
  const at = Number(data.at)
  if (!data.id || which.length === 0 || !steps[at])
    throw new Error(`ConfigMap ${rotationKey.namespace}/${rotationKey.name} holds no rotation`)
  const authorities = Object.fromEntries(
    which.map(name => [name, { former: data[`${name}.former`] ?? '', next: data[`${name}.next`] ?? '' }]),
  )
  return { id: data.id, which, steps, at, authorities }
}

/** The rotation under way, if there is one. */
export async function currentRotation(client: Client): Promise<Rotation | undefined> {
  try {
    return readRotation(await client.get(configMaps, rotationKey))
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

/** Made of the key of service accounts, which all machines of the control plane have in common. */
function sealingKey(saKey: string, id: string): Buffer {
  const secret = createPrivateKey(saKey).export({ type: 'pkcs8', format: 'der' })
  return Buffer.from(hkdfSync('sha256', secret, id, 'kobune ca rotation', 32))
}

/** Stores new keys (PEM) and the rotation, in this order: who sees the rotation finds its keys. */
export async function startRotation(
  client: Client,
  rotation: Rotation,
  keys: Readonly<Partial<Record<RotationName, string>>>,
  saKey: string,
): Promise<void> {
  const sealing = sealingKey(saKey, rotation.id)
  const data = Object.fromEntries(
    rotation.which.map(name => [keyName(name), encryptFile(Buffer.from(keys[name]!), sealing).toString('base64')]),
  )
  await client.delete(secrets, rotationKey).catch(unlessMissing)
  await client.create(secrets, { metadata: rotationKey, data })
  await client.create(configMaps, { metadata: rotationKey, data: rotationData(rotation) })
}

/** The new keys (PEM), opened on a machine of the control plane. */
export async function rotationSecrets(
  client: Client,
  { id, which }: Pick<Rotation, 'id' | 'which'>,
  saKey: string,
): Promise<ReadonlyMap<RotationName, string>> {
  const { data = {} } = await client.get(secrets, rotationKey)
  const sealing = sealingKey(saKey, id)
  return new Map(
    which.map(name => {
      const sealed = data[keyName(name)]
      if (sealed === undefined) throw new Error(`the Secret ${rotationKey.name} lacks ${keyName(name)}`)
      return [name, decryptFile(Buffer.from(sealed, 'base64'), sealing).toString('utf8')]
    }),
  )
}

/** Forgets it. */
export async function endRotation(client: Client): Promise<void> {
  await client.delete(configMaps, rotationKey).catch(unlessMissing)
  await client.delete(secrets, rotationKey).catch(unlessMissing)
}

const keyName = (name: RotationName) => keyFile(name).replace('/', '-')

function unlessMissing(error: unknown): void {
  if (!isNotFound(error)) throw error
}
