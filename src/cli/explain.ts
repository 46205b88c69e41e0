import { UserError } from './user-error.ts'

/** Prints an error as its reader needs it and gives the exit code: no stack for what is not a defect of ours. */
export function explain(error: unknown): number {
  const known = error instanceof UserError ? error : undefined
  const message = error instanceof Error ? error.message : String(error)
  process.stderr.write(`kobune: ${message}\n`)
  for (let cause = (error as Error)?.cause; cause instanceof Error; cause = cause.cause) {
    if (!message.includes(cause.message)) process.stderr.write(`  because: ${cause.message}\n`)
  }
  if (known?.hint) process.stderr.write(`  try: ${known.hint}\n`)
  const defect = error instanceof TypeError || error instanceof ReferenceError || process.env.KOBUNE_DEBUG
  if (defect && error instanceof Error) process.stderr.write(`${error.stack}\n`)
  return known?.exitCode ?? 1
}
