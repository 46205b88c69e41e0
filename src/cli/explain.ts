import { UserError } from './user-error.ts'

/** Prints an error as its reader needs it and gives the exit code: no stack for what is not a defect of ours. */
export function explain(error: unknown): number {
  const known = error instanceof UserError ? error : undefined
  const message = error instanceof Error ? error.message : String(error)
  process.stderr.write(`kobune: ${message}\n`)
  for (let cause = (error as Error)?.cause; cause instanceof Error; cause = cause.cause) {
    if (!message.includes(cause.message)) process.stderr.write(`  because: ${cause.message}\n`)
  }
  const hint = forbidden(error) ? 'the same command as root, with sudo' : known?.hint
  if (hint) process.stderr.write(`  try: ${hint}\n`)
  const defect = error instanceof TypeError || error instanceof ReferenceError || process.env.KOBUNE_DEBUG
  if (defect && error instanceof Error) process.stderr.write(`${error.stack}\n`)
  return known?.exitCode ?? 1
}

/** Whether the machine kept something from this user that root may do. */
function forbidden(error: unknown): boolean {
  if (process.getuid?.() === 0) return false
  for (let each = error; each instanceof Error; each = each.cause) if (/\bEACCES\b/.test(each.message)) return true
  return false
}
