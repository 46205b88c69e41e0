import type { Logger } from '../base/log.ts'
import { StatusError, statusError } from '../machinery/status-error.ts'
import { NotWrittenError, UnknownOutcomeError, UnreachableError } from '../storage/storage.ts'

/** Anything thrown, as an answer; what is not meant for clients is logged and stays here. */
export function asStatus(error: unknown, log: Logger): StatusError {
  if (error instanceof StatusError) return error
  if (error instanceof NotWrittenError) {
    log.error({ error }, 'the store takes no writes')
    return statusError('InternalError', `Internal error occurred: ${error.message}`, {
      causes: [{ message: error.message }],
    })
  }
  if (error instanceof UnreachableError) {
    log.warn({ error: error.message }, 'the store could not be reached')
    return statusError('ServiceUnavailable', 'the store cannot be reached, or has lost its quorum: nothing was done', {
      retryAfterSeconds: 1,
    })
  }
  if (error instanceof UnknownOutcomeError) {
    log.warn({ error: error.message }, 'a write got no answer from the store')
    return statusError(
      'Timeout',
      'the store did not answer, perhaps for want of a quorum: whether the write happened is not known; look before you repeat it',
    )
  }
  const { message, stack } = error instanceof Error ? error : new Error(String(error))
  log.error({ error: message, stack }, 'a request failed for a reason of the server')
  return statusError('InternalError', 'Internal error occurred: see the log of the API server', {
    causes: [{ message: 'unexpected error' }],
  })
}
