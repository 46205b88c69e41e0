/** What the machine refused. `verb` and `target` say what we were doing; `code` is stable (errno name, `exit`, `timeout`, ...). */
export class HostError extends Error {
  readonly verb: string
  readonly target: string
  readonly code: string
  /** The last lines a command wrote to standard error. */
  readonly stderr: string

  constructor(options: {
    verb: string
    target: string
    code: string
    message?: string
    stderr?: string
    cause?: unknown
  }) {
    const why = options.message ?? (options.cause instanceof Error ? options.cause.message : options.code)
    const tail = options.stderr?.trim()
    super(`cannot ${options.verb} ${options.target}: ${why}${tail ? `: ${tail}` : ''}`, { cause: options.cause })
    this.name = 'HostError'
    this.verb = options.verb
    this.target = options.target
    this.code = options.code
    this.stderr = options.stderr ?? ''
  }
}

/** The errno name of a system error (`ENOENT`), else `unknown`. */
export function errorCode(error: unknown): string {
  if (error instanceof HostError) return error.code
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : 'unknown'
}

/** Runs `action`; what it throws becomes a HostError that says what we were doing. */
export async function attempt<T>(verb: string, target: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action()
  } catch (cause) {
    if (cause instanceof HostError) throw cause
    throw new HostError({ verb, target, code: errorCode(cause), cause })
  }
}
