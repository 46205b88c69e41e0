/** What a look at a machine found, and how it is told. */
export interface Finding {
  /** kubeadm's name where it has the same check. */
  readonly check: string
  readonly message: string
  /** The command that mends it, or shows more. */
  readonly mend: string
  /** It does not keep anybody from going on. */
  readonly warning?: boolean
}

/** Errors of ignored checks become warnings. Names compare without regard to case; `all` stands for every one. Throws for `all` among others. */
export function ignoring(findings: readonly Finding[], ignored: readonly string[] = []): readonly Finding[] {
  const names = new Set(ignored.map(name => name.toLowerCase()))
  if (names.has('all') && names.size > 1) {
    throw new Error("--ignore-preflight-errors: don't specify individual checks if 'all' is used")
  }
  return findings.map(finding =>
    names.has('all') || names.has(finding.check.toLowerCase()) ? { ...finding, warning: true } : finding,
  )
}

/** kubeadm's form: `\t[WARNING Swap]: text`. */
export function findingLines(findings: readonly Finding[]): readonly string[] {
  return findings.map(
    ({ check, message, mend, warning }) => `\t[${warning ? 'WARNING' : 'ERROR'} ${check}]: ${message}; try: ${mend}`,
  )
}

/** The machine is not fit; nothing was changed. */
export class PreflightError extends Error {
  override readonly name = 'PreflightError'
  constructor(findings: readonly Finding[]) {
    const errors = findings.filter(({ warning }) => !warning)
    super(
      [
        '[preflight] Some fatal errors occurred, and nothing was changed:',
        ...findingLines(errors),
        '[preflight] If you know what you are doing, you can make a check non-fatal with `--ignore-preflight-errors=...`',
      ].join('\n'),
    )
  }
}
