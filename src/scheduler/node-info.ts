import type { Node } from '../api/core/v1/node.ts'
import { addResources, emptyResources, type HostPort, type PodInfo, type Resources, resourcesOf } from './pod-info.ts'

/** A node with its pods and what they use. Pods may be there before their node is known, and after it is gone. */
export class NodeInfo {
  readonly name: string
  node: Node | undefined
  allocatable: Resources = emptyResources()
  /** How many pods it takes. */
  mostPods = 0
  readonly pods = new Map<string, PodInfo>()
  readonly requested: Resources = emptyResources()
  assumedCpu = 0
  assumedMemory = 0
  /** Pods here that keep others away or draw them near: few, mostly none. */
  readonly withAntiAffinity = new Set<PodInfo>()
  readonly withAffinity = new Set<PodInfo>()

  constructor(name: string) {
    this.name = name
  }

  setNode(node: Node | undefined): void {
    this.node = node
    const allocatable = node?.status.allocatable ?? node?.status.capacity
    this.allocatable = resourcesOf(allocatable)
    this.mostPods = Number(allocatable?.pods ?? 0)
  }

  add(info: PodInfo): void {
    this.pods.set(info.pod.metadata.uid, info)
    this.#count(info, 1)
    if (info.antiAffinity.length) this.withAntiAffinity.add(info)
    if (info.affinity.length || info.preferredAffinity.length || info.preferredAntiAffinity.length) {
      this.withAffinity.add(info)
    }
  }

  remove(uid: string): boolean {
    const info = this.pods.get(uid)
    if (!info) return false
    this.pods.delete(uid)
    this.#count(info, -1)
    this.withAntiAffinity.delete(info)
    this.withAffinity.delete(info)
    return true
  }

  #count(info: PodInfo, sign: 1 | -1): void {
    addResources(this.requested, info.requests, sign)
    this.assumedCpu += sign * info.assumedCpu
    this.assumedMemory += sign * info.assumedMemory
  }

  get labels(): Readonly<Record<string, string>> {
    return this.node?.metadata.labels ?? {}
  }

  /** Whether one of the ports is taken here; 0.0.0.0 clashes with every address. */
  hasPort(wanted: readonly HostPort[]): boolean {
    if (wanted.length === 0) return false
    const clash = (a: HostPort, b: HostPort) =>
      a.port === b.port && a.protocol === b.protocol && (a.ip === b.ip || a.ip === '0.0.0.0' || b.ip === '0.0.0.0')
    for (const info of this.pods.values()) {
      if (info.hostPorts.some(taken => wanted.some(port => clash(port, taken)))) return true
    }
    return false
  }
}
