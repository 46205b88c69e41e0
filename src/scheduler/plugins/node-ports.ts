import { plugin } from '../framework.ts'

/** Two pods cannot have the same port of a node. */
export const nodePorts = plugin({
  name: 'NodePorts',
  wakes: ['node-added', 'pod-gone'],
  preFilter: pod => (pod.hostPorts.length ? true : 'skip'),
  filter: (pod, node) =>
    node.hasPort(pod.hostPorts)
      ? { reason: "node(s) didn't have free ports for the requested pod ports", resolvable: true }
      : undefined,
})
