import type { Taint } from '../api/core/v1/taint.ts'
import type { Toleration } from '../api/core/v1/toleration.ts'

/** Whether a toleration covers a taint. An empty effect covers all effects, an empty key with Exists all taints. */
export function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false
  if (toleration.key && toleration.key !== taint.key) return false
  if (toleration.operator === 'Exists') return true
  return Boolean(toleration.key) && (toleration.value ?? '') === (taint.value ?? '')
}

/** The first taint, of those that `counts`, which no toleration covers. */
export function untolerated(
  taints: readonly Taint[] | undefined,
  tolerations: readonly Toleration[] | undefined,
  counts: (taint: Taint) => boolean,
): Taint | undefined {
  return taints?.find(taint => counts(taint) && !tolerations?.some(toleration => tolerates(toleration, taint)))
}
