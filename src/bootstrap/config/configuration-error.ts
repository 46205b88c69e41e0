/** A configuration that cannot be used; `problems` has one line per thing that is wrong, with file, line and field. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError'
  readonly problems: readonly string[]
  constructor(problems: readonly string[]) {
    super(
      problems.length === 1
        ? problems[0]!
        : `the configuration has ${problems.length} errors:\n${problems.map(line => `  ${line}`).join('\n')}`,
    )
    this.problems = problems
  }
}
