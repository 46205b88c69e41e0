import { FieldError } from './field-error.ts'

/** The reasons of metav1.Status that the API knows, with the HTTP code of each. */
export const reasonCodes = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  AlreadyExists: 409,
  Conflict: 409,
  Gone: 410,
  Expired: 410,
  RequestEntityTooLarge: 413,
  UnsupportedMediaType: 415,
  Invalid: 422,
  TooManyRequests: 429,
  InternalError: 500,
  ServiceUnavailable: 503,
  Timeout: 504,
  ServerTimeout: 500,
} as const

export type StatusReason = keyof typeof reasonCodes

export interface StatusCause {
  readonly reason?: string
  readonly message?: string
  readonly field?: string
}

export interface StatusDetails {
  readonly name?: string
  readonly group?: string
  readonly kind?: string
  readonly uid?: string
  readonly causes?: readonly StatusCause[]
  readonly retryAfterSeconds?: number
}

/** metav1.Status as it goes over the wire. */
export interface Status {
  readonly kind: 'Status'
  readonly apiVersion: 'v1'
  readonly metadata: Readonly<Record<string, unknown>>
  readonly status: 'Failure' | 'Success'
  readonly message?: string
  readonly reason?: string
  readonly details?: StatusDetails
  readonly code: number
}

/** An answer of the API that is not success: thrown by server and client alike, the same object on both sides. */
export class StatusError extends Error {
  override readonly name = 'StatusError'
  readonly status: Status
  constructor(status: Status, options?: ErrorOptions) {
    super(status.message ?? status.reason ?? `status ${status.code}`, options)
    this.status = status
  }
  get code(): number {
    return this.status.code
  }
  get reason(): string | undefined {
    return this.status.reason
  }
}

/** A StatusError with this reason; `code` only where it is not the reason's own. */
export function statusError(
  reason: StatusReason,
  message: string,
  details?: StatusDetails,
  code?: number,
): StatusError {
  return new StatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    ...(details && { details }),
    code: code ?? reasonCodes[reason],
  })
}

/** What a message about an object names: the plural (`pods`) with its group, and the object's name. */
export interface Subject {
  readonly group: string
  /** Plural resource name; for Invalid, the kind. */
  readonly resource: string
  readonly name: string
}

const qualified = (group: string, resource: string) => (group ? `${resource}.${group}` : resource)

function about(of: Subject, more: Partial<StatusDetails> = {}): StatusDetails {
  return { name: of.name, ...(of.group && { group: of.group }), kind: of.resource, ...more }
}

export function notFound(of: Subject): StatusError {
  return statusError('NotFound', `${qualified(of.group, of.resource)} "${of.name}" not found`, about(of))
}
export function alreadyExists(of: Subject): StatusError {
  return statusError('AlreadyExists', `${qualified(of.group, of.resource)} "${of.name}" already exists`, about(of))
}
export function conflict(of: Subject, why: string): StatusError {
  const message = `Operation cannot be fulfilled on ${qualified(of.group, of.resource)} "${of.name}": ${why}`
  return statusError('Conflict', message, about(of))
}
/** The text every client knows for a lost compare-and-swap. */
export const staleObject = 'the object has been modified; please apply your changes to the latest version and try again'

export function forbidden(of: Subject, why: string): StatusError {
  const name = of.name ? ` "${of.name}"` : ''
  return statusError('Forbidden', `${qualified(of.group, of.resource)}${name} is forbidden: ${why}`, about(of))
}
export function badRequest(message: string): StatusError {
  return statusError('BadRequest', message)
}
/** 422 with one cause per field error; `of.resource` is the kind. */
export function invalid(of: Subject, errors: readonly FieldError[]): StatusError {
  const texts = errors.map(String)
  const message = texts.length === 1 ? texts[0]! : `[${[...new Set(texts)].join(', ')}]`
  return statusError(
    'Invalid',
    `${qualified(of.group, of.resource)} "${of.name}" is invalid: ${message}`,
    about(of, { causes: errors.map(FieldError.cause) }),
  )
}

export function isStatus(error: unknown, reason: StatusReason): error is StatusError {
  return error instanceof StatusError && error.status.reason === reason
}
export const isNotFound = (error: unknown) => isStatus(error, 'NotFound')
export const isConflict = (error: unknown) => isStatus(error, 'Conflict')
export const isAlreadyExists = (error: unknown) => isStatus(error, 'AlreadyExists')
export const isForbidden = (error: unknown) => isStatus(error, 'Forbidden')
/** The resourceVersion asked for is gone: list again. */
export const isExpired = (error: unknown) => isStatus(error, 'Expired') || isStatus(error, 'Gone')
