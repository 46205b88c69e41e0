import { isIP } from 'node:net'
import { type FieldError, fieldInvalid, fieldNotSupported, fieldRequired } from '../../machinery/field-error.ts'
import type { NameRule } from '../../machinery/names.ts'
import { deepEqual } from '../cache/json.ts'

/** Small rules that validation of all kinds is put together from. Absent values have nothing wrong with them. */
export type Errors = readonly FieldError[]

/** Nothing is wrong. */
export const none: Errors = []

/** Everything wrong with each element of a list. */
export function each<T>(
  list: readonly T[] | undefined,
  path: string,
  rule: (element: T, path: string) => Errors,
): Errors {
  if (!list || list.length === 0) return none
  const errors: FieldError[] = []
  for (let i = 0; i < list.length; i++) errors.push(...rule(list[i]!, `${path}[${i}]`))
  return errors
}

/** Zero or more. */
export function nonNegative(value: number | undefined, path: string): Errors {
  return value !== undefined && value < 0 ? [fieldInvalid(path, value, 'must be greater than or equal to 0')] : none
}

/** Within bounds, which belong to it. */
export function between(value: number | undefined, path: string, least: number, most: number): Errors {
  if (value === undefined || (value >= least && value <= most)) return none
  return [fieldInvalid(path, value, `must be between ${least} and ${most}, inclusive`)]
}

/** One of the values that there are. */
export function oneOf(value: string | undefined, path: string, supported: readonly string[]): Errors {
  return value === undefined || supported.includes(value) ? none : [fieldNotSupported(path, value, supported)]
}

/** As a rule for names wants it. */
export function named(value: string | undefined, path: string, rule: NameRule): Errors {
  return value === undefined ? none : rule(value).map(why => fieldInvalid(path, value, why))
}

/** Empty and absent strings are the same to upstream. */
export function nonEmpty(value: string | undefined, path: string, detail = ''): Errors {
  return value ? none : [fieldRequired(path, detail)]
}

/** A list that is required, and of which `check` has said so when it is absent. */
export function filled(list: readonly unknown[] | undefined, path: string, detail = ''): Errors {
  return list?.length === 0 ? [fieldRequired(path, detail)] : none
}

/** An address of either family. */
export function ipAddress(value: string | undefined, path: string): Errors {
  if (value === undefined || isIP(value) !== 0) return none
  return [fieldInvalid(path, value, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)')]
}

/** What is said of a field that may not change. */
export const immutableText = 'field is immutable'

/** As it was. */
export function immutable(value: unknown, old: unknown, path: string): Errors {
  return deepEqual(value, old) ? none : [fieldInvalid(path, value, immutableText)]
}

/** A path below something: it neither starts at the root nor climbs. */
export function relativePath(value: string | undefined, path: string): Errors {
  if (value === undefined) return none
  if (value.startsWith('/')) return [fieldInvalid(path, value, 'must be a relative path')]
  return noBacksteps(value, path)
}

/** A path that does not climb. */
export function noBacksteps(value: string, path: string): Errors {
  return value.split('/').includes('..') ? [fieldInvalid(path, value, "must not contain '..'")] : none
}

/** Permission bits. */
export function fileMode(value: number | undefined, path: string): Errors {
  if (value === undefined || (value >= 0 && value <= 0o777)) return none
  return [fieldInvalid(path, value, 'must be a number between 0 and 0777 (octal), both inclusive')]
}
