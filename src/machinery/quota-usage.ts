import type { PersistentVolumeClaim } from '../api/core/v1/persistent-volume-claim.ts'
import type { Pod } from '../api/core/v1/pod.ts'
import type { Service } from '../api/core/v1/service.ts'
import type { KubernetesObject } from '../api/group-version.ts'
import { parseQuantity } from '../schema/quantity.ts'
import { isPodTerminal } from './pods.ts'

/** Amounts in billionths, by the names that quotas use. */
export type Usage = ReadonlyMap<string, bigint>

const one = 1_000_000_000n
const amount = (text: string | undefined) => (text === undefined ? 0n : (parseQuantity(text)?.nano ?? 0n))
const most = (a: bigint, b: bigint) => (a > b ? a : b)

/** Plural names of the core group that quotas also know without `count/`. */
const shortNames = new Set([
  'pods',
  'services',
  'replicationcontrollers',
  'resourcequotas',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
])

/** The name under which the objects of a resource are counted. */
export const countName = (group: string, plural: string) => `count/${plural}${group && `.${group}`}`

/** What one object takes from quotas. */
export function quotaUsage(object: KubernetesObject, group: string, plural: string): Usage {
  const usage = new Map([[countName(group, plural), one]])
  if (group !== '') return usage
  if (plural === 'pods') return addPod(usage, object as Pod)
  if (shortNames.has(plural)) usage.set(plural, one)
  if (plural === 'services') addService(usage, object as Service)
  if (plural === 'persistentvolumeclaims') addClaim(usage, object as PersistentVolumeClaim)
  return usage
}

function addPod(usage: Map<string, bigint>, pod: Pod): Usage {
  // Ended pods are still objects, but take nothing any more.
  if (pod.status && isPodTerminal(pod)) return usage
  usage.set('pods', one)
  const requests = podTotals(pod, 'requests')
  for (const [name, value] of requests) {
    if (plain.has(name)) usage.set(name, value)
    usage.set(`requests.${name}`, value)
    if (name.startsWith('hugepages-')) usage.set(name, value)
  }
  for (const [name, value] of podTotals(pod, 'limits')) usage.set(`limits.${name}`, value)
  return usage
}

const plain = new Set(['cpu', 'memory', 'ephemeral-storage'])

type Container = Pod['spec']['containers'][number]

/**
 * What a pod as a whole asks for or is limited to: its containers and sidecars together, or what starting takes where
 * that is more, with its overhead.
 */
export function podTotals(pod: Pick<Pod, 'spec'>, which: 'requests' | 'limits'): Map<string, bigint> {
  const { containers, initContainers = [], overhead, resources } = pod.spec
  const of = (container: Container) =>
    new Map(Object.entries(container.resources?.[which] ?? {}).map(([name, text]) => [name, amount(text)]))
  const totals = new Map<string, bigint>()
  for (const container of containers) add(totals, of(container))
  const sidecars = new Map<string, bigint>()
  const starting = new Map<string, bigint>()
  for (const container of initContainers) {
    const own = of(container)
    if (container.restartPolicy === 'Always') {
      add(totals, own)
      add(sidecars, own)
      raise(starting, sidecars)
    } else {
      add(own, sidecars)
      raise(starting, own)
    }
  }
  raise(totals, starting)
  for (const [name, text] of Object.entries(resources?.[which] ?? {})) totals.set(name, amount(text))
  for (const [name, text] of Object.entries(overhead ?? {})) {
    // A limit only grows where there is one.
    if (which === 'requests' || totals.has(name)) totals.set(name, (totals.get(name) ?? 0n) + amount(text))
  }
  return totals
}

function add(to: Map<string, bigint>, more: ReadonlyMap<string, bigint>): void {
  for (const [name, value] of more) to.set(name, (to.get(name) ?? 0n) + value)
}

function raise(to: Map<string, bigint>, least: ReadonlyMap<string, bigint>): void {
  for (const [name, value] of least) to.set(name, most(to.get(name) ?? 0n, value))
}

function addService(usage: Map<string, bigint>, { spec }: Service): void {
  const ports = BigInt(spec.ports?.length ?? 0)
  const balanced = spec.type === 'LoadBalancer'
  const withPorts = spec.type === 'NodePort' || (balanced && spec.allocateLoadBalancerNodePorts !== false)
  usage.set('services.nodeports', withPorts ? ports * one : 0n)
  usage.set('services.loadbalancers', balanced ? one : 0n)
}

function addClaim(usage: Map<string, bigint>, claim: PersistentVolumeClaim): void {
  const asked = amount(claim.spec.resources?.requests?.storage)
  const given = amount(claim.status?.allocatedResources?.storage)
  const storage = most(asked, given)
  usage.set('requests.storage', storage)
  const name = claim.spec.storageClassName ?? claim.metadata.annotations?.['volume.beta.kubernetes.io/storage-class']
  if (!name) return
  usage.set(`${name}.storageclass.storage.k8s.io/requests.storage`, storage)
  usage.set(`${name}.storageclass.storage.k8s.io/persistentvolumeclaims`, one)
}
