import { type FieldError, fieldForbidden, fieldNotSupported } from '../../machinery/field-error.ts'
import { badRequest, statusError } from '../../machinery/status-error.ts'
import type { ApiRequest } from './api-request.ts'
import { optionsInvalid } from './write-options.ts'

/** The parameters of a list or watch that say which state of the store it wants. */
export interface ListOptions {
  /** Absent: the newest. 0: any. */
  readonly resourceVersion: number | undefined
  readonly match: 'Exact' | 'NotOlderThan' | undefined
  /** 0: no limit. */
  readonly limit: number
  readonly continueToken: string
  readonly sendInitialEvents: boolean | undefined
  readonly allowWatchBookmarks: boolean
  readonly timeoutSeconds: number | undefined
}

/** Reads and checks the parameters; combinations that make no sense are refused with upstream's texts. */
export function listOptions(request: ApiRequest, watching: boolean): ListOptions {
  const match = request.param('resourceVersionMatch') || undefined
  const version = request.param('resourceVersion') ?? ''
  const sendInitialEvents = flag(request, 'sendInitialEvents')
  const allowWatchBookmarks = flag(request, 'allowWatchBookmarks') ?? false
  const continueToken = request.param('continue') ?? ''
  const errors = watching
    ? watchErrors(match, sendInitialEvents, allowWatchBookmarks)
    : listErrors(match, version, sendInitialEvents, continueToken)
  if (errors.length > 0) throw optionsInvalid('ListOptions', errors)
  if (version !== '' && !/^\d+$/.test(version)) {
    throw badRequest(
      `Invalid value: ${JSON.stringify(version)}: strconv.ParseUint: parsing ${JSON.stringify(version)}: invalid syntax`,
    )
  }
  return {
    resourceVersion: version === '' ? undefined : Number(version),
    match: match as ListOptions['match'],
    limit: wholeNumber(request, 'limit') ?? 0,
    continueToken,
    sendInitialEvents,
    allowWatchBookmarks,
    timeoutSeconds: wholeNumber(request, 'timeoutSeconds'),
  }
}

function listErrors(
  match: string | undefined,
  version: string,
  initial: boolean | undefined,
  token: string,
): FieldError[] {
  const field = 'resourceVersionMatch'
  const errors: FieldError[] = []
  if (initial !== undefined) errors.push(fieldForbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list'))
  if (match === undefined) return errors
  if (version === '')
    errors.push(fieldForbidden(field, 'resourceVersionMatch is forbidden unless resourceVersion is provided'))
  if (token !== '') errors.push(fieldForbidden(field, 'resourceVersionMatch is forbidden when continue is provided'))
  if (match !== 'Exact' && match !== 'NotOlderThan')
    errors.push(fieldNotSupported(field, match, ['Exact', 'NotOlderThan', '']))
  if (match === 'Exact' && version === '0') {
    errors.push(fieldForbidden(field, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'))
  }
  return errors
}

function watchErrors(match: string | undefined, initial: boolean | undefined, bookmarks: boolean): FieldError[] {
  const field = 'resourceVersionMatch'
  const errors: FieldError[] = []
  if (initial !== undefined) {
    if (match === undefined) {
      errors.push(fieldForbidden(field, 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'))
    } else if (match !== 'NotOlderThan') errors.push(fieldNotSupported(field, match, ['NotOlderThan']))
    if (initial && !bookmarks) {
      errors.push(fieldForbidden('sendInitialEvents', 'sendInitialEvents requires allowWatchBookmarks'))
    }
  } else if (match !== undefined) {
    errors.push(
      fieldForbidden(field, 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided'),
    )
  }
  return errors
}

function flag(request: ApiRequest, name: string): boolean | undefined {
  const text = request.param(name)
  if (text === undefined) return undefined
  return text === '' || text === 'true' || text === '1'
}

function wholeNumber(request: ApiRequest, name: string): number | undefined {
  const text = request.param(name)
  if (text === undefined || text === '') return undefined
  if (!/^-?\d{1,15}$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`)
  return Math.max(0, Number(text))
}

/** A revision that the store has not reached, even after waiting. */
export function tooLarge(wanted: number, current: number) {
  return statusError('Timeout', `Too large resource version: ${wanted}, current: ${current}`, {
    retryAfterSeconds: 1,
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
  })
}
