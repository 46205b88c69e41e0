import type { Node } from '../api/core/v1/node.ts'
import type { Labels } from '../machinery/label-selector.ts'
import { NodeInfo } from './node-info.ts'
import type { PodInfo } from './pod-info.ts'

/**
 * The cluster as the scheduler sees it: what the API says, plus pods it has just placed and not seen there yet.
 * A scheduling cycle runs without a pause, so it reads this directly and needs no copy.
 */
export class ClusterState {
  readonly #nodes = new Map<string, NodeInfo>()
  /** Uid of a pod -> the name of the node it counts on. */
  readonly #placed = new Map<string, string>()
  /** Labels of namespaces, for affinity terms that select namespaces. */
  readonly namespaces = new Map<string, Labels>()
  #listed: readonly NodeInfo[] | undefined

  /** The nodes that exist, in a stable order. */
  get nodes(): readonly NodeInfo[] {
    this.#listed ??= [...this.#nodes.values()].filter(info => info.node)
    return this.#listed
  }

  node(name: string): NodeInfo | undefined {
    return this.#nodes.get(name)
  }

  setNode(node: Node): void {
    const { name } = node.metadata
    let info = this.#nodes.get(name)
    if (!info) this.#nodes.set(name, (info = new NodeInfo(name)))
    if (!info.node) this.#listed = undefined
    info.setNode(node)
  }

  removeNode(name: string): void {
    const info = this.#nodes.get(name)
    if (!info) return
    info.setNode(undefined)
    this.#listed = undefined
    if (info.pods.size === 0) this.#nodes.delete(name)
  }

  /** Counts the pod on a node, in place of wherever it was counted before. */
  place(info: PodInfo, nodeName: string): void {
    this.forget(info.pod.metadata.uid)
    let node = this.#nodes.get(nodeName)
    if (!node) this.#nodes.set(nodeName, (node = new NodeInfo(nodeName)))
    node.add(info)
    this.#placed.set(info.pod.metadata.uid, nodeName)
  }

  /** The pod counts nowhere any more; answers whether it did. */
  forget(uid: string): boolean {
    const name = this.#placed.get(uid)
    if (name === undefined) return false
    this.#placed.delete(uid)
    const node = this.#nodes.get(name)
    node?.remove(uid)
    if (node && !node.node && node.pods.size === 0) this.#nodes.delete(name)
    return true
  }

  isPlaced(uid: string): boolean {
    return this.#placed.has(uid)
  }
}
