/** A policy always speaks of ingress; of egress when it has egress rules. */
export function fillNetworkPolicySpec(spec: Record<string, unknown>): void {
  if (spec.policyTypes !== undefined) return
  const egress = Array.isArray(spec.egress) && spec.egress.length > 0
  spec.policyTypes = egress ? ['Ingress', 'Egress'] : ['Ingress']
}
