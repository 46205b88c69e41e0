/** Field errors are what the schema's readers report, so they live there; everything above speaks of them by this name. */
export {
  FieldError,
  type FieldErrorReason,
  fieldDuplicate,
  fieldForbidden,
  fieldInvalid,
  fieldNotFound,
  fieldNotSupported,
  fieldRequired,
  fieldTooLong,
  fieldTooMany,
} from '../schema/field-error.ts'
