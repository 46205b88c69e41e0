import type { Attributes, Authorizer, Decision, Rules } from '../authorizer.ts'

/** Asks one authorizer after the other until one says yes or no; else tells all their reasons. */
export function firstOf(authorizers: readonly Authorizer[]): Authorizer {
  function from(start: number, attributes: Attributes, reasons: string[]): Decision | Promise<Decision> {
    for (let i = start; i < authorizers.length; i += 1) {
      const decision = authorizers[i]!.authorize(attributes)
      if (decision instanceof Promise) {
        return decision.then(one => settled(one, reasons) ?? from(i + 1, attributes, reasons))
      }
      const over = settled(decision, reasons)
      if (over) return over
    }
    return { allowed: false, reason: reasons.join('\n') }
  }
  return {
    authorize: attributes => from(0, attributes, []),
    async rules(user, namespace) {
      const all = await Promise.all(authorizers.flatMap(one => one.rules?.(user, namespace) ?? []))
      const errors = all.flatMap(one => one.evaluationError ?? [])
      return {
        resourceRules: all.flatMap(one => one.resourceRules),
        nonResourceRules: all.flatMap(one => one.nonResourceRules),
        incomplete: all.some(one => one.incomplete),
        ...(errors.length > 0 && { evaluationError: errors.join(', ') }),
      } satisfies Rules
    },
  }
}

function settled(decision: Decision, reasons: string[]): Decision | undefined {
  if (decision.allowed || decision.denied) return decision
  if (decision.reason) reasons.push(decision.reason)
  return undefined
}
