import type { PodAffinityTerm, WeightedPodAffinityTerm } from '../api/core/v1/affinity.ts'
import type { Container } from '../api/core/v1/container.ts'
import type { Pod } from '../api/core/v1/pod.ts'
import { keyOf } from '../client/informer.ts'
import { type LabelSelector, type Labels, labelSelectorOf, nothing } from '../machinery/label-selector.ts'
import { quantityMilli, quantityValue } from '../machinery/quantity.ts'

/** Amounts as plain numbers: CPU in thousandths, everything else in its unit. */
export interface Resources {
  milliCpu: number
  memory: number
  ephemeralStorage: number
  /** Extended resources and huge pages. */
  readonly others: Map<string, number>
}

export interface AffinityTerm {
  readonly topologyKey: string
  readonly selector: LabelSelector
  /** Namespaces by name; with `namespaceSelector`, those it matches too. */
  readonly namespaces: ReadonlySet<string>
  readonly namespaceSelector: LabelSelector | undefined
  /** For preferred terms. */
  readonly weight: number
}

/** A pod with what the scheduler asks of it again and again, worked out once. */
export interface PodInfo {
  readonly pod: Pod
  readonly key: string
  readonly labels: Labels
  readonly namespace: string
  readonly priority: number
  readonly requests: Resources
  /** For spreading load: containers that ask for nothing count as 100m and 200 MiB, as upstream has it. */
  readonly assumedCpu: number
  readonly assumedMemory: number
  readonly hostPorts: readonly HostPort[]
  readonly affinity: readonly AffinityTerm[]
  readonly antiAffinity: readonly AffinityTerm[]
  readonly preferredAffinity: readonly AffinityTerm[]
  readonly preferredAntiAffinity: readonly AffinityTerm[]
}

export interface HostPort {
  readonly protocol: string
  readonly ip: string
  readonly port: number
}

const assumed = { cpu: 100, memory: 200 * 1024 * 1024 }

export function emptyResources(): Resources {
  return { milliCpu: 0, memory: 0, ephemeralStorage: 0, others: new Map() }
}

/** Reads a ResourceList. */
export function resourcesOf(list: Readonly<Record<string, string>> | undefined): Resources {
  const resources = emptyResources()
  for (const [name, amount] of Object.entries(list ?? {})) {
    if (name === 'cpu') resources.milliCpu += quantityMilli(amount)
    else if (name === 'memory') resources.memory += quantityValue(amount)
    else if (name === 'ephemeral-storage') resources.ephemeralStorage += quantityValue(amount)
    else if (name !== 'pods') resources.others.set(name, (resources.others.get(name) ?? 0) + quantityValue(amount))
  }
  return resources
}

/** `sign` -1 takes away. */
export function addResources(to: Resources, more: Resources, sign: 1 | -1 = 1): void {
  to.milliCpu += sign * more.milliCpu
  to.memory += sign * more.memory
  to.ephemeralStorage += sign * more.ephemeralStorage
  for (const [name, amount] of more.others) to.others.set(name, (to.others.get(name) ?? 0) + sign * amount)
}

function maxResources(a: Resources, b: Resources): Resources {
  const names = new Set([...a.others.keys(), ...b.others.keys()])
  return {
    milliCpu: Math.max(a.milliCpu, b.milliCpu),
    memory: Math.max(a.memory, b.memory),
    ephemeralStorage: Math.max(a.ephemeralStorage, b.ephemeralStorage),
    others: new Map([...names].map(name => [name, Math.max(a.others.get(name) ?? 0, b.others.get(name) ?? 0)])),
  }
}

type Requests = (container: Pick<Container, 'resources'>) => Resources

/**
 * What a pod needs at most at any time: all containers and sidecars together, or an init container with the sidecars
 * started before it; plus the overhead of its runtime class.
 */
function podRequests(pod: Pod, of: Requests): Resources {
  const together = emptyResources()
  for (const container of pod.spec.containers) addResources(together, of(container))
  const sidecars = emptyResources()
  let starting = emptyResources()
  for (const container of pod.spec.initContainers ?? []) {
    const own = of(container)
    if (container.restartPolicy === 'Always') {
      addResources(together, own)
      addResources(sidecars, own)
      starting = maxResources(starting, sidecars)
    } else {
      const now = emptyResources()
      addResources(now, own)
      addResources(now, sidecars)
      starting = maxResources(starting, now)
    }
  }
  const total = maxResources(together, starting)
  if (pod.spec.overhead) addResources(total, resourcesOf(pod.spec.overhead))
  return total
}

const declaredRequests: Requests = container => resourcesOf(container.resources?.requests)
const assumedRequests: Requests = container => {
  const { requests } = container.resources ?? {}
  const resources = resourcesOf(requests)
  if (requests?.cpu === undefined) resources.milliCpu = assumed.cpu
  if (requests?.memory === undefined) resources.memory = assumed.memory
  return resources
}

export function podInfo(pod: Pod): PodInfo {
  const load = podRequests(pod, assumedRequests)
  const { podAffinity, podAntiAffinity } = pod.spec.affinity ?? {}
  const term = (t: PodAffinityTerm) => affinityTerm(pod, t, 0)
  const weighted = (t: WeightedPodAffinityTerm) => affinityTerm(pod, t.podAffinityTerm, t.weight)
  return {
    pod,
    key: keyOf(pod),
    labels: pod.metadata.labels ?? {},
    namespace: pod.metadata.namespace,
    priority: pod.spec.priority ?? 0,
    requests: podRequests(pod, declaredRequests),
    assumedCpu: load.milliCpu,
    assumedMemory: load.memory,
    hostPorts: pod.spec.containers.flatMap(container =>
      (container.ports ?? [])
        .filter(port => port.hostPort)
        .map(port => ({ protocol: port.protocol, ip: port.hostIP || '0.0.0.0', port: port.hostPort! })),
    ),
    affinity: podAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.map(term) ?? [],
    antiAffinity: podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.map(term) ?? [],
    preferredAffinity: podAffinity?.preferredDuringSchedulingIgnoredDuringExecution?.map(weighted) ?? [],
    preferredAntiAffinity: podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution?.map(weighted) ?? [],
  }
}

function affinityTerm(pod: Pod, term: PodAffinityTerm, weight: number): AffinityTerm {
  const own = pod.metadata.labels ?? {}
  const more = [
    ...(term.matchLabelKeys ?? []).map(key => ({ key, operator: 'in' as const, values: [own[key] ?? ''] })),
    ...(term.mismatchLabelKeys ?? []).map(key => ({ key, operator: 'notin' as const, values: [own[key] ?? ''] })),
  ].filter(requirement => own[requirement.key] !== undefined)
  const named = term.namespaces?.length || term.namespaceSelector
  return {
    topologyKey: term.topologyKey,
    selector: term.labelSelector ? [...labelSelectorOf(term.labelSelector), ...more] : nothing,
    namespaces: new Set(named ? (term.namespaces ?? []) : [pod.metadata.namespace]),
    namespaceSelector: term.namespaceSelector && labelSelectorOf(term.namespaceSelector),
    weight,
  }
}
