/** Leads a rotation: tells all nodes the next step when all have done the one before. What it did stands in the cluster. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { configMaps } from '../../api/core/v1/config-map.ts'
import { type Node, nodes } from '../../api/core/v1/node.ts'
import { pods } from '../../api/core/v1/pod.ts'
import { secrets } from '../../api/core/v1/secret.ts'
import { delay } from '../../base/clock.ts'
import type { Client } from '../../client/client.ts'
import { isNotFound } from '../../machinery/status-error.ts'
import type { PkiFiles } from '../../pki/files.ts'
import { clusterInfo, clusterInfoKey } from '../cluster-info.ts'
import { ensureAll } from '../ensure.ts'
import { serversWithoutPods } from '../nodes/api-servers.ts'
import { blocksOf, hasBlock, keyFile, makeNext, type Replacement, withBlock, withoutBlock } from './authorities.ts'
import { changeAuthorities } from './kubeconfig-authority.ts'
import {
  currentRotation,
  endRotation,
  type Rotation,
  rotationAnnotation,
  rotationKey,
  rotationRights,
  startRotation,
} from './state.ts'
import { type RotationName, rotationNames, type Step, stepsFor, stepText, stepTitle } from './steps.ts'

export interface RotateOptions {
  readonly client: Client
  readonly files: PkiFiles
  /** Of certificates. */
  readonly dir: string
  readonly which: readonly RotationName[]
  /** How long new authorities are valid, milliseconds. */
  readonly validity: number
  /** What programs in pods and outside get to read what changed, milliseconds. */
  readonly settle: number
  /** How long nodes may take for a step, milliseconds. */
  readonly patience: number
  readonly signal: AbortSignal
  readonly say: (line: string) => void
  /** Runs a step under a title. */
  readonly step: (title: string, work: (note: (text: string) => void) => Promise<void>) => Promise<void>
}

const lookEvery = 500

/** Throws when nodes do not come along; the same again goes on where it was. */
export async function rotateAuthorities(options: RotateOptions): Promise<void> {
  const { client, which, say, step } = options
  let rotation = await currentRotation(client)
  if (rotation) {
    if (rotation.which.join() !== inOrder(which).join()) {
      throw new Error(
        `a rotation of ${rotation.which.join(', ')} is under way, at "${stepText(rotation.steps[rotation.at]!)}": ` +
          `first end it, with: kobune certs rotate-ca ${rotation.which.length === rotationNames.length ? 'all' : rotation.which.join(' ')}`,
      )
    }
    say(`[rotate-ca] Going on with the rotation ${rotation.id}`)
  } else {
    rotation = await begin(options)
  }
  for (let at = rotation.at; at < rotation.steps.length; at++) {
    const one = rotation.steps[at]!
    const now = { ...rotation, at }
    await step(stepTitle(one), async note => {
      await client.patch(configMaps, rotationKey, { data: { at: String(at) } })
      await allNodes(options, now, note)
      await clusterPart[one.name]?.(options, now, note)
    })
    const pause = one.name === 'trust' || (one.name === 'nodes' && which.includes('sa'))
    if (pause && options.settle > 0) {
      await step('programs read what has changed', () => delay(options.settle, options.signal))
    }
  }
  await endRotation(client)
}

/** In the order of the table, each once. */
export const inOrder = (which: readonly RotationName[]) => rotationNames.filter(name => which.includes(name))

/** Nodes with a member of etcd that we run: a pod, or beside an API server that is no pod. */
export async function etcdNodes(client: Client): Promise<readonly string[]> {
  const { items } = await client.list(pods, { namespace: 'kube-system', labelSelector: 'component=etcd' })
  const names = [...items.flatMap(({ spec }) => spec.nodeName || []), ...(await serversWithoutPods(client)).keys()]
  return [...new Set(names)].sort()
}

async function begin({ client, files, dir, which, validity, say }: RotateOptions): Promise<Rotation> {
  const saKey = await files.read(join(dir, keyFile('sa')))
  if (saKey === undefined)
    throw new Error(`${join(dir, keyFile('sa'))} does not exist: is this a machine of the control plane?`)
  const authorities: Partial<Record<RotationName, Replacement>> = {}
  const keys: Partial<Record<RotationName, string>> = {}
  const names = inOrder(which)
  for (const name of names) {
    const { key, ...pair } = await makeNext(name, { dir, files, now: Date.now(), validity })
    authorities[name] = pair
    keys[name] = key
  }
  const id = randomBytes(4).toString('hex')
  const rotation = { id, which: names, steps: stepsFor(names, await etcdNodes(client)), at: 0, authorities }
  await ensureAll(client, rotationRights)
  await startRotation(client, rotation, keys, saKey)
  say(`[rotate-ca] The new ones are made; this is rotation ${id}`)
  return rotation
}

/** Waits until every node, or the one that is meant, has said that it is there. */
async function allNodes(options: RotateOptions, rotation: Rotation, note: (text: string) => void): Promise<void> {
  const end = Date.now() + options.patience
  const step = rotation.steps[rotation.at]!
  for (;;) {
    // The API server that was asked may be just reading its new certificate.
    const found = await options.client.list(nodes).catch((error: Error) => {
      note(error.message)
    })
    const waiting = (found?.items ?? []).flatMap(node => whatIsMissing(node, rotation))
    if (found && waiting.length === 0) return
    if (found) note(waiting.slice(0, 3).join('; '))
    if (Date.now() > end) {
      throw new Error(
        `not all nodes have done "${stepText(step)}": ${waiting.join('; ') || 'the API server does not answer'}. ` +
          'Mend or delete those nodes, and give the same command again: it goes on from here',
      )
    }
    await delay(lookEvery, options.signal)
  }
}

function whatIsMissing({ metadata }: Node, { id, at }: Rotation): readonly string[] {
  const [of, done = '-1', ...problem] = (metadata.annotations?.[rotationAnnotation] ?? '').split(' ')
  if (of === id && Number(done) >= at && problem.length === 0) return []
  return [`${metadata.name}: ${of === id && problem.length > 0 ? problem.join(' ') : 'not yet'}`]
}

/** What is done once for the whole cluster when all nodes have done a step. */
const clusterPart: Readonly<
  Partial<
    Record<Step['name'], (options: RotateOptions, rotation: Rotation, note: (text: string) => void) => Promise<void>>
  >
> = {
  async trust(options, { authorities: { ca } }, note) {
    if (!ca) return
    await changeClusterInfo(options.client, bundle => withBlock(bundle, ca.next, 'last'))
    await podsTrust(options, ca, bundle => hasBlock(bundle, ca.next), note)
  },

  async issue({ client }) {
    // Shared keys of before would make a machine of another cluster.
    await client.delete(secrets, { namespace: 'kube-system', name: 'kubeadm-certs' }).catch(error => {
      if (!isNotFound(error)) throw error
    })
  },

  async drop(options, { authorities }, note) {
    const { client } = options
    const { ca } = authorities
    if (ca) await changeClusterInfo(client, bundle => withoutBlock(withBlock(bundle, ca.next, 'last'), ca.former))
    await changeExtensionAuthorities(client, authorities)
    if (ca) await podsTrust(options, ca, bundle => !hasBlock(bundle, ca.former), note)
  },
}

async function changeClusterInfo(client: Client, change: (bundle: string) => string): Promise<void> {
  const map = await client.get(configMaps, clusterInfo)
  const text = map.data?.[clusterInfoKey]
  if (text === undefined) return
  const changed = changeAuthorities(text, 'cluster-info', change)
  if (changed !== text) await client.patch(configMaps, clusterInfo, { data: { [clusterInfoKey]: changed } })
}

/** Waits until all namespaces have the authorities that pods are to trust. */
async function podsTrust(
  { client, patience, signal }: RotateOptions,
  { next }: Replacement,
  good: (bundle: string) => boolean,
  note: (text: string) => void,
): Promise<void> {
  const end = Date.now() + patience
  for (;;) {
    const { items } = await client.list(configMaps, { fieldSelector: 'metadata.name=kube-root-ca.crt' })
    const maps = items.filter(({ metadata }) => metadata.name === 'kube-root-ca.crt')
    const bad = maps.filter(({ data }) => !good(data?.['ca.crt'] ?? '') || !hasBlock(data?.['ca.crt'] ?? '', next))
    if (bad.length === 0) return
    const names = bad.map(({ metadata }) => metadata.namespace).join(', ')
    note(`ConfigMap kube-root-ca.crt of ${names}`)
    if (Date.now() > end)
      throw new Error(`kube-root-ca.crt is not up to date in ${names}: does the controller manager run?`)
    await delay(lookEvery, signal)
  }
}

/** API servers put there whom they trust and leave what others did: the old ones would stay as long as they are valid. */
async function changeExtensionAuthorities(client: Client, authorities: Rotation['authorities']): Promise<void> {
  const key = { namespace: 'kube-system', name: 'extension-apiserver-authentication' }
  const fields = { 'client-ca-file': authorities.ca, 'requestheader-client-ca-file': authorities['front-proxy-ca'] }
  const { data = {} } = await client.get(configMaps, key)
  const changed = Object.entries(fields).flatMap(([field, pair]) => {
    const held = data[field]
    if (!pair || held === undefined || blocksOf(held).length < 2) return []
    return [[field, withoutBlock(held, pair.former)] as const]
  })
  if (changed.length > 0) await client.patch(configMaps, key, { data: Object.fromEntries(changed) })
}
