/** Resource amounts in the units of cgroups, and the groups of pods. */
import type { CgroupLimits } from '../../host/cgroups.ts'
import { qosClass } from '../../machinery/pod-qos.ts'
import { quantityMilli, quantityValue } from '../../machinery/quantity.ts'
import type { LinuxResources } from '../cri/types.ts'
import { type Container, isSidecar, type Pod } from './types.ts'

type Amounts = Readonly<Record<string, string>> | undefined

const period = 100_000
const leastShares = 2
const leastQuota = 1_000
const mostShares = 262_144
/** Priorities from here on belong to the system's own pods. */
const systemPriority = 2_000_000_000

export const milli = (amounts: Amounts, name: string) =>
  amounts?.[name] === undefined ? 0 : quantityMilli(amounts[name])
export const value = (amounts: Amounts, name: string) =>
  amounts?.[name] === undefined ? 0 : quantityValue(amounts[name])

const shares = (cpuMilli: number) =>
  cpuMilli <= 0 ? leastShares : Math.min(mostShares, Math.max(leastShares, Math.floor((cpuMilli * 1024) / 1000)))
const quota = (cpuMilli: number) => Math.max(leastQuota, Math.floor((cpuMilli * period) / 1000))

/** What the runtime shall enforce for one container. */
export function containerResources(pod: Pod, container: Container, memoryCapacity: number): LinuxResources {
  const { requests, limits } = container.resources
  const cpuLimit = milli(limits, 'cpu')
  const memoryLimit = value(limits, 'memory')
  const cpuRequest = requests?.cpu === undefined && cpuLimit > 0 ? cpuLimit : milli(requests, 'cpu')
  return {
    cpuPeriod: period,
    cpuShares: shares(cpuRequest),
    ...(cpuLimit > 0 && { cpuQuota: quota(cpuLimit) }),
    ...(memoryLimit > 0 && { memoryLimitInBytes: memoryLimit }),
    oomScoreAdj: oomScoreAdj(pod, container, memoryCapacity),
    hugepageLimits: Object.keys(limits ?? {})
      .filter(name => name.startsWith('hugepages-'))
      .map(name => ({ pageSize: `${name.slice('hugepages-'.length).replace(/i$/, '')}B`, limit: value(limits, name) })),
  }
}

/** The smaller, the later the kernel kills it: by class, and by how much of the machine it asked for. */
export function oomScoreAdj(pod: Pod, container: Container, memoryCapacity: number): number {
  if ((pod.spec.priority ?? 0) >= systemPriority) return -997
  const qos = qosClass(pod.spec as never)
  if (qos === 'Guaranteed') return -997
  if (qos === 'BestEffort') return 1000
  const request = value(container.resources.requests, 'memory')
  const adjust = 1000 - Math.floor((1000 * request) / memoryCapacity)
  return Math.min(999, Math.max(3, adjust))
}

/** `/kubepods/burstable/pod<uid>`; `root` is the group all pods are in. */
export function podCgroup(pod: Pod, root = '/kubepods'): string {
  const qos = qosClass(pod.spec as never)
  const parent = qos === 'Guaranteed' ? root : `${root}/${qos.toLowerCase()}`
  return `${parent}/pod${pod.metadata.uid}`
}

/** Limits of the pod's group: sums, and limits only where every container has one. */
export function podLimits(pod: Pod, pidsLimit = -1): CgroupLimits {
  const whole = pod.spec.resources
  const cpu = whole?.requests?.cpu === undefined ? podRequest(pod, 'cpu', milli) : milli(whole.requests, 'cpu')
  const cpuLimit = whole?.limits?.cpu === undefined ? sumOfLimits(pod, 'cpu', milli) : milli(whole.limits, 'cpu')
  const memory = whole?.limits?.memory === undefined ? sumOfLimits(pod, 'memory', value) : value(whole.limits, 'memory')
  return {
    cpuShares: shares(cpu),
    ...(cpuLimit && { cpuQuota: quota(cpuLimit), cpuPeriod: period }),
    ...(memory && { memoryLimit: memory }),
    pidsLimit,
  }
}

type Reader = (amounts: Amounts, name: string) => number

/** What a pod asks of a node: the sum of its main containers and sidecars, or the most its start needs. */
export function podRequest(pod: Pod, name: string, read: Reader): number {
  return combined(pod, c => read(c.resources.requests, name)) + read(pod.spec.overhead, name)
}

function sumOfLimits(pod: Pod, name: string, read: Reader): number | undefined {
  const all = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])]
  if (!all.every(c => read(c.resources.limits, name) > 0)) return undefined
  return combined(pod, c => read(c.resources.limits, name)) + read(pod.spec.overhead, name)
}

function combined(pod: Pod, of: (container: Container) => number): number {
  let sidecars = 0
  let most = 0
  for (const container of pod.spec.initContainers ?? []) {
    if (isSidecar(container)) {
      sidecars += of(container)
      most = Math.max(most, sidecars)
    } else most = Math.max(most, sidecars + of(container))
  }
  return Math.max(most, sidecars + pod.spec.containers.reduce((sum, c) => sum + of(c), 0))
}
