/** What a Node says of itself in a few words. */
import type { Node } from '../../api/core/v1/node.ts'

const rolePrefix = 'node-role.kubernetes.io/'

/** As kubectl shows them. */
export function rolesOf(node: Node): readonly string[] {
  const labels = Object.keys(node.metadata.labels ?? {})
  return labels.flatMap(label => (label.startsWith(rolePrefix) ? [label.slice(rolePrefix.length)] : []))
}

/** Internal addresses. */
export function addressesOf(node: Node): readonly string[] {
  return (node.status.addresses ?? []).flatMap(({ type, address }) => (type === 'InternalIP' ? [address] : []))
}
