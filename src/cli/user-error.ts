/** A mistake or a state that the user can mend: printed without a stack, with what to do. */
export class UserError extends Error {
  override readonly name = 'UserError'
  /** What to do about it; a command line where there is one. */
  readonly hint: string | undefined
  readonly exitCode: number
  constructor(
    message: string,
    options: { readonly hint?: string; readonly exitCode?: number; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause })
    this.hint = options.hint
    this.exitCode = options.exitCode ?? 1
  }
}
