import { type FieldError, fieldForbidden } from '../../machinery/field-error.ts'
import { deepEqual } from '../cache/json.ts'
import type { Errors } from './rules.ts'

/** ConfigMaps and Secrets hold no more than this. */
export const mostDataBytes = 1024 * 1024

/** How many bytes base64 text stands for. */
export const base64Bytes = (text: string): number => Buffer.byteLength(text, 'base64')

/** Once `immutable` is set, neither it nor the data changes again. */
export function validateSealed<T extends { readonly immutable?: boolean | undefined }>(
  object: T,
  old: T,
  fields: readonly (keyof T & string)[],
): Errors {
  if (!old.immutable) return []
  const why = 'field is immutable when `immutable` is set'
  const errors: FieldError[] = object.immutable ? [] : [fieldForbidden('immutable', why)]
  for (const field of fields) if (!deepEqual(object[field], old[field])) errors.push(fieldForbidden(field, why))
  return errors
}
