import type { Column } from '../../../schema/resource.ts'
import { ageColumn, nameColumn, text, wide } from '../../columns.ts'
import type { Node } from './node.ts'

function statusText({ spec, status }: Node): string {
  const ready = status.conditions?.find(condition => condition.type === 'Ready')
  const said = ready ? (ready.status === 'True' ? 'Ready' : 'NotReady') : 'Unknown'
  return spec.unschedulable ? `${said},SchedulingDisabled` : said
}

const rolePrefix = 'node-role.kubernetes.io/'

/** A role is the end of a label, or the value of the older one. */
function rolesText({ metadata }: Node): string | undefined {
  const roles = new Set<string>()
  for (const [key, value] of Object.entries(metadata.labels ?? {})) {
    if (key.startsWith(rolePrefix) && key.length > rolePrefix.length) roles.add(key.slice(rolePrefix.length))
    else if (key === 'kubernetes.io/role' && value !== '') roles.add(value)
  }
  return [...roles].sort().join(',') || undefined
}

const addressOf = (type: string) => (node: Node) =>
  node.status.addresses?.find(address => address.type === type)?.address

/** The table of nodes. */
export const nodeColumns: readonly Column<Node>[] = [
  nameColumn,
  text('Status', statusText),
  text('Roles', rolesText),
  ageColumn,
  text('Version', node => node.status.nodeInfo?.kubeletVersion ?? ''),
  wide('Internal-IP', addressOf('InternalIP')),
  wide('External-IP', addressOf('ExternalIP')),
  wide('OS-Image', node => node.status.nodeInfo?.osImage || '<unknown>'),
  wide('Kernel-Version', node => node.status.nodeInfo?.kernelVersion || '<unknown>'),
  wide('Container-Runtime', node => node.status.nodeInfo?.containerRuntimeVersion || '<unknown>'),
]
