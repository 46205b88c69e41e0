/** What the conditions of all kinds have in common. */
export interface AnyCondition {
  readonly type: string
  readonly status: string
  readonly reason?: string | undefined
  readonly message?: string | undefined
  readonly lastTransitionTime?: string | undefined
}

/** The condition of this type. */
export function getCondition<C extends AnyCondition>(
  conditions: readonly C[] | undefined,
  type: string,
): C | undefined {
  return conditions?.find(condition => condition.type === type)
}

/** Whether the condition of this type holds. */
export function isConditionTrue(conditions: readonly AnyCondition[] | undefined, type: string): boolean {
  return getCondition(conditions, type)?.status === 'True'
}

/**
 * The conditions with this one set: lastTransitionTime (`now`, RFC 3339) moves only when the status changes. The same
 * list comes back when nothing changes.
 */
export function setCondition<C extends AnyCondition>(
  conditions: readonly C[] | undefined,
  condition: C,
  now: string,
): readonly C[] {
  const before = getCondition(conditions, condition.type)
  const moved = before?.status !== condition.status
  const after = { ...condition, lastTransitionTime: moved ? now : before?.lastTransitionTime }
  if (!before) return [...(conditions ?? []), after]
  const same = (Object.keys({ ...before, ...after }) as (keyof C)[]).every(field => before[field] === after[field])
  return same ? conditions! : conditions!.map(c => (c === before ? after : c))
}
