import type { Pod } from '../../api/core/v1/pod.ts'
import { type ResourceQuota, resourceQuotas } from '../../api/core/v1/resource-quota.ts'
import type { KubernetesObject } from '../../api/group-version.ts'
import { inScopes } from '../../machinery/quota-scopes.ts'
import { podTotals, quotaUsage, type Usage } from '../../machinery/quota-usage.ts'
import { formatQuantity, parseQuantity } from '../../schema/quantity.ts'
import type { AnyResource } from '../../schema/resource.ts'
import type { Operation } from '../admission.ts'
import type { Lister } from '../lister.ts'
import type { Plugin } from './plugin.ts'
import { refuse } from './refuse.ts'
import { Reservations } from './reservations.ts'
import { type SharedReservation, SharedReservations, type SharedStore } from './shared-reservations.ts'

const needsSaying = new Set(['requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory', 'cpu', 'memory'])
const usages = new WeakMap<KubernetesObject, Usage>()

/**
 * Holds what a namespace holds to its quotas. What there is is counted from the caches, with what was admitted and is not
 * in them yet, all in one turn: writes that come together cannot slip through together.
 */
export function resourceQuota(lister: Lister, store?: SharedStore): Plugin {
  const reservations = new Reservations(lister)
  const shared = store && new SharedReservations(store)
  /** What is used more, by quota; throws when there is no room for it. Undefined: nothing more. */
  const demanded = (
    operation: Operation,
    reserved: (quota: ResourceQuota) => Iterable<Usage>,
  ): Record<string, Usage> | undefined => {
    const { namespace, object, oldObject, resource } = operation
    const quotas = lister.list(resourceQuotas, namespace)
    if (quotas.length === 0 || !object) return undefined
    const given = object as unknown as KubernetesObject
    const wanted = quotaUsage(given, resource.group, resource.plural)
    const before = oldObject ? usageOf(oldObject, resource) : undefined
    const more: Record<string, Usage> = {}
    for (const quota of quotas) {
      if (!inScopes(quota, given)) continue
      const hard = hardOf(quota, wanted)
      if (hard.size === 0) continue
      if (operation.operation === 'CREATE' && resource.plural === 'pods' && resource.group === '')
        demandSaid(operation, quota, given as Pod)
      const was = before && oldObject && inScopes(quota, oldObject) ? before : undefined
      const delta = deltaOf(hard, wanted, was)
      if (delta.size === 0) continue
      more[quota.metadata.name] = delta
      demandRoom(lister, reserved(quota), operation, { quota, hard, delta })
    }
    return Object.keys(more).length > 0 ? more : undefined
  }
  const checkAlone = (operation: Operation) => {
    const { namespace = '', object, resource } = operation
    const held = function* (quota: ResourceQuota) {
      for (const one of reservations.of(resource, namespace, object?.metadata.uid))
        if (inScopes(quota, one.object)) yield one.usage
    }
    if (!demanded(operation, held) || operation.dryRun) return
    const given = object as unknown as KubernetesObject
    reservations.add(resource, given, quotaUsage(given, resource.group, resource.plural))
  }
  /** Nothing is written to the store for what uses no more than before. */
  const checkShared = async (among: SharedReservations, operation: Operation) => {
    const { namespace = '', object, oldObject, resource } = operation
    if (!demanded(operation, () => [])) return
    const id = `${resource.group}/${resource.plural}`
    const shows = (one: SharedReservation) => one.resource === id && isStored(lister, operation, one)
    await among.reserve(namespace, shows, held => {
      const others = held.filter(one => one.resource === id && one.uid !== object!.metadata.uid)
      const more = demanded(operation, quota => others.flatMap(one => one.more[quota.metadata.name] ?? []))
      if (!more || operation.dryRun) return undefined
      const replaces = Number(oldObject?.metadata.resourceVersion ?? 0)
      return { uid: object!.metadata.uid ?? '', resource: id, replaces, more }
    })
  }
  const check = (operation: Operation) => (shared ? checkShared(shared, operation) : checkAlone(operation))
  return {
    name: 'ResourceQuota',
    operations: ['CREATE', 'UPDATE'],
    validate(operation) {
      if (operation.namespace === undefined || !operation.resource.verbs.includes('list')) return
      const loading = lister.ready([resourceQuotas])
      if (!loading && lister.list(resourceQuotas, operation.namespace).length === 0) return
      const counted = lister.ready([operation.resource])
      if (!loading && !counted) return check(operation)
      return Promise.all([loading, counted]).then(() => check(operation))
    },
  }
}

/** Whether the caches have what was reserved for. */
function isStored(lister: Lister, { resource, namespace }: Operation, { uid, replaces }: SharedReservation): boolean {
  const [stored] = lister.having(resource, 'metadata.uid', uidOf as never, uid) as KubernetesObject[]
  return stored?.metadata.namespace === namespace && Number(stored?.metadata.resourceVersion) > replaces
}

const uidOf = ({ metadata }: KubernetesObject) => [metadata.uid]

function usageOf(object: KubernetesObject, { group, plural }: AnyResource): Usage {
  let usage = usages.get(object)
  if (!usage) usages.set(object, (usage = quotaUsage(object, group, plural)))
  return usage
}

/** The quota's bounds that something which is used falls under. */
function hardOf(quota: ResourceQuota, wanted: Usage): Map<string, string> {
  return new Map(Object.entries(quota.spec.hard ?? {}).filter(([name]) => wanted.has(name)))
}

function deltaOf(hard: ReadonlyMap<string, string>, wanted: Usage, before: Usage | undefined): Map<string, bigint> {
  const delta = new Map<string, bigint>()
  for (const name of hard.keys()) {
    const more = wanted.get(name)! - (before?.get(name) ?? 0n)
    if (more > 0n) delta.set(name, more)
  }
  return delta
}

interface Demand {
  readonly quota: ResourceQuota
  readonly hard: ReadonlyMap<string, string>
  readonly delta: ReadonlyMap<string, bigint>
}

function demandRoom(
  lister: Lister,
  reserved: Iterable<Usage>,
  operation: Operation,
  { quota, hard, delta }: Demand,
): void {
  const { resource, namespace = '' } = operation
  const used = new Map<string, bigint>()
  const count = (usage: Usage) => {
    for (const name of delta.keys()) used.set(name, (used.get(name) ?? 0n) + (usage.get(name) ?? 0n))
  }
  for (const one of lister.list(resource, namespace) as KubernetesObject[]) {
    if (inScopes(quota, one)) count(usageOf(one, resource))
  }
  for (const usage of reserved) count(usage)
  const over = [...delta].filter(([name, more]) => (used.get(name) ?? 0n) + more > nano(hard.get(name)!))
  if (over.length === 0) return
  const names = over.map(([name]) => name).sort()
  const list = (amount: (name: string) => string) => names.map(name => `${name}=${amount(name)}`).join(',')
  const requested = list(name => shown(delta.get(name)!, hard.get(name)!))
  const taken = list(name => shown(used.get(name) ?? 0n, hard.get(name)!))
  const limited = list(name => hard.get(name)!)
  throw refuse(
    operation,
    `exceeded quota: ${quota.metadata.name}, requested: ${requested}, used: ${taken}, limited: ${limited}`,
  )
}

/** A quota on cpu or memory makes every container say what it takes. */
function demandSaid(operation: Operation, quota: ResourceQuota, pod: Pod): void {
  const bounds = Object.keys(quota.spec.hard ?? {}).filter(name => needsSaying.has(name))
  const totals = { requests: podTotals(pod, 'requests'), limits: podTotals(pod, 'limits') }
  const missing = bounds.flatMap(bound => {
    const [which = '', name = ''] = bound.includes('.') ? bound.split('.') : ['requests', bound]
    const silent = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])]
      .filter(container => container.resources?.[which as 'requests' | 'limits']?.[name] === undefined)
      .map(container => container.name)
    const whole = pod.spec.resources?.[which as 'requests' | 'limits']?.[name] !== undefined
    const said = whole || (silent.length === 0 && totals[which as 'requests' | 'limits'].has(name))
    return said ? [] : [`${bound} for: ${silent.join(',')}`]
  })
  if (missing.length === 0) return
  throw refuse(operation, `failed quota: ${quota.metadata.name}: must specify ${missing.sort().join('; ')}`)
}

const nano = (text: string) => parseQuantity(text)?.nano ?? 0n
const shown = (value: bigint, like: string) =>
  formatQuantity({ nano: value, format: parseQuantity(like)?.format ?? 'DecimalSI' })
