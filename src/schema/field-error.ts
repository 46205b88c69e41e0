/** The kinds of field errors, with the words upstream begins their text with. */
const words = {
  FieldValueRequired: 'Required value',
  FieldValueInvalid: 'Invalid value',
  FieldValueDuplicate: 'Duplicate value',
  FieldValueForbidden: 'Forbidden',
  FieldValueNotSupported: 'Unsupported value',
  FieldValueNotFound: 'Not found',
  FieldValueTooLong: 'Too long',
  FieldValueTooMany: 'Too many',
  FieldValueTypeInvalid: 'Invalid value',
  InternalError: 'Internal error',
} as const

export type FieldErrorReason = keyof typeof words

/** One thing wrong with one field. Validation returns lists of these and never throws. */
export class FieldError {
  readonly reason: FieldErrorReason
  /** `spec.containers[0].name` */
  readonly field: string
  readonly detail: string
  /** The offending value; absent for the reasons that show none (required, forbidden). */
  readonly value?: unknown

  constructor(reason: FieldErrorReason, field: string, detail: string, value?: unknown) {
    this.reason = reason
    this.field = field
    this.detail = detail
    this.value = value
  }

  /** The text without the field's path: what Status causes carry. */
  get body(): string {
    const shown = this.value === undefined ? '' : `: ${JSON.stringify(this.value)}`
    return `${words[this.reason]}${shown}${this.detail ? `: ${this.detail}` : ''}`
  }

  toString(): string {
    return `${this.field}: ${this.body}`
  }

  /** As a cause of an Invalid status. */
  static cause(this: void, error: FieldError) {
    return { reason: error.reason, message: error.body, field: error.field }
  }
}

export const fieldRequired = (field: string, detail = '') => new FieldError('FieldValueRequired', field, detail)
export const fieldInvalid = (field: string, value: unknown, detail: string) =>
  new FieldError('FieldValueInvalid', field, detail, value ?? null)
export const fieldForbidden = (field: string, detail: string) => new FieldError('FieldValueForbidden', field, detail)
export const fieldDuplicate = (field: string, value: unknown) => new FieldError('FieldValueDuplicate', field, '', value)
export const fieldNotSupported = (field: string, value: unknown, supported: readonly string[]) =>
  new FieldError(
    'FieldValueNotSupported',
    field,
    supported.length ? `supported values: ${supported.map(s => `"${s}"`).join(', ')}` : '',
    value,
  )
/** Too long shows the limit only: upstream leaves the value out. */
export const fieldTooLong = (field: string, most: number) =>
  new FieldError('FieldValueTooLong', field, `may not be more than ${most} bytes`)
export const fieldTooMany = (field: string, count: number, most: number) =>
  new FieldError('FieldValueTooMany', field, `must have at most ${most} items`, count)
export const fieldNotFound = (field: string, value: unknown) => new FieldError('FieldValueNotFound', field, '', value)
