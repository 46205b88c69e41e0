import { UserError } from './user-error.ts'

/** Makes errors of work those of its user, who can mend what they say. */
export async function mended<T>(work: Promise<T>): Promise<T> {
  return work.catch(cause => {
    throw cause instanceof UserError ? cause : new UserError((cause as Error).message, { cause })
  })
}
