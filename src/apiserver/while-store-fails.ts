import { delay } from '../base/clock.ts'
import { StatusError } from '../machinery/status-error.ts'
import { UnknownOutcomeError, UnreachableError } from '../storage/storage.ts'

/** Milliseconds between tries, and how long a store may fail. */
const retryEvery = 500
const patience = 120_000

/**
 * Does what a server has to do at its start until the store lets it: one that is slow, or has lost its quorum for a moment,
 * must not leave a server behind that never gets ready. `work` may be done again.
 */
export async function whileStoreFails<T>(work: () => Promise<T>, stopping: () => boolean): Promise<T> {
  for (const end = Date.now() + patience; ; await delay(retryEvery)) {
    try {
      return await work()
    } catch (error) {
      if (!isPassing(error) || stopping() || Date.now() > end) throw error
    }
  }
}

/** What the store says of itself, as its error or as the answer made of it. */
function isPassing(error: unknown): boolean {
  if (error instanceof StatusError) return error.code === 503 || error.code === 504
  return error instanceof UnreachableError || error instanceof UnknownOutcomeError
}
