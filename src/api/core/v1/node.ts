import { always, atomicList, bool, setOf, string } from '../../../schema/schema.ts'
import { core } from '../../group-version.ts'
import { nodeColumns } from './node.columns.ts'
import { NodeConfigSource, NodeStatus } from './node-status.ts'
import { Taint } from './taint.ts'

export class NodeSpec extends core.type({
  configSource: NodeConfigSource,
  externalID: string(),
  podCIDR: string(),
  podCIDRs: setOf(string(), { patchStrategy: 'merge' }),
  providerID: string(),
  taints: atomicList(Taint),
  unschedulable: bool(),
}) {}

export class Node extends core.object({
  spec: always(NodeSpec),
  status: always(NodeStatus),
}) {}

export const nodes = core.resource(Node, {
  plural: 'nodes',
  short: ['no'],
  namespaced: false,
  status: true,
  subresources: ['proxy'],
  selectableFields: ['spec.unschedulable'],
  registry: 'minions',
  columns: nodeColumns,
})
