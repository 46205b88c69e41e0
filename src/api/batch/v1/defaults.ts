/** A Job without completions and parallelism runs once; with only completions, one at a time. */
export function fillJobSpec(spec: Record<string, unknown>): void {
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1
  spec.parallelism ??= 1
}
