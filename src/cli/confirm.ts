import { createInterface } from 'node:readline/promises'
import { UserError } from './user-error.ts'

/** Asks a question on standard error. Throws UserError unless it is answered with yes. */
export async function confirm(question: string, hint: string): Promise<void> {
  const ask = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answer = await Promise.race([
      ask.question(question),
      new Promise<string>(resolve => ask.once('close', () => resolve(''))),
    ])
    if (/^y(es)?$/i.test(answer.trim())) return
  } finally {
    ask.close()
  }
  throw new UserError('aborted: nothing was changed', { hint })
}
