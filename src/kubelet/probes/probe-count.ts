/** Thresholds: a probe's result changes only after so many equal looks in a row. */
export interface ProbeCount {
  /** The result that holds; undefined: none yet. */
  readonly result: boolean | undefined
  readonly last: boolean | undefined
  readonly run: number
}

export const noLooks: ProbeCount = { result: undefined, last: undefined, run: 0 }

/** The count after one more look. */
export function counted(
  before: ProbeCount,
  ok: boolean,
  { successThreshold, failureThreshold }: { readonly successThreshold: number; readonly failureThreshold: number },
): ProbeCount {
  const run = before.last === ok ? before.run + 1 : 1
  const reached = run >= (ok ? successThreshold : failureThreshold)
  return { result: reached ? ok : before.result, last: ok, run }
}
