/** Names of the gRPC codes a caller may want to tell apart. */
export type CriCode =
  | 'CANCELLED'
  | 'UNKNOWN'
  | 'INVALID_ARGUMENT'
  | 'DEADLINE_EXCEEDED'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'PERMISSION_DENIED'
  | 'RESOURCE_EXHAUSTED'
  | 'FAILED_PRECONDITION'
  | 'ABORTED'
  | 'OUT_OF_RANGE'
  | 'UNIMPLEMENTED'
  | 'INTERNAL'
  | 'UNAVAILABLE'
  | 'DATA_LOSS'
  | 'UNAUTHENTICATED'

/** A call the runtime refused or never answered. `details` is the runtime's own message. */
export class CriError extends Error {
  readonly code: CriCode
  readonly method: string
  readonly details: string

  constructor(options: { code: CriCode; method: string; details: string; cause?: unknown }) {
    super(`${options.method}: ${options.details} (${options.code})`, { cause: options.cause })
    this.name = 'CriError'
    this.code = options.code
    this.method = options.method
    this.details = options.details
  }
}
