import type { ClusterRole, PolicyRule } from '../../api/rbac/v1/cluster-role.ts'
import { labelSelectorOf, matchesLabels } from '../../machinery/label-selector.ts'

/**
 * The rules that a ClusterRole gives: its own, or, where it aggregates others, all of theirs, each once. Others may
 * aggregate in turn.
 */
export function effectiveRules(role: ClusterRole, all: readonly ClusterRole[]): readonly PolicyRule[] {
  if (!role.aggregationRule) return role.rules ?? []
  const rules = new Map<string, PolicyRule>()
  collect(role, all, new Set(), rules)
  return [...rules.values()]
}

function collect(
  role: ClusterRole,
  all: readonly ClusterRole[],
  seen: Set<string>,
  into: Map<string, PolicyRule>,
): void {
  if (seen.has(role.metadata.name)) return
  seen.add(role.metadata.name)
  const selectors = role.aggregationRule?.clusterRoleSelectors
  if (!role.aggregationRule) for (const rule of role.rules ?? []) into.set(JSON.stringify(rule), rule)
  for (const selector of selectors ?? []) {
    const requirements = labelSelectorOf(selector)
    for (const other of all) if (matchesLabels(requirements, other.metadata.labels)) collect(other, all, seen, into)
  }
}
