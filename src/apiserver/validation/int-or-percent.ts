import { type FieldError, fieldInvalid } from '../../machinery/field-error.ts'
import { type IntOrString, percentOf } from '../../machinery/int-or-string.ts'
import { type Errors, none, nonNegative } from './rules.ts'

const percentSentence =
  "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"

/** A number of pods, or a percentage of them. */
export function validateAmount(
  value: IntOrString | undefined,
  path: string,
  { most }: { readonly most?: '100%' } = {},
): Errors {
  if (value === undefined) return none
  if (typeof value === 'number') return nonNegative(value, path)
  const percent = percentOf(value)
  if (percent === undefined) return [fieldInvalid(path, value, percentSentence)]
  const errors: FieldError[] = []
  if (most && percent > 100) errors.push(fieldInvalid(path, value, 'must not be greater than 100%'))
  return errors
}

/** No pods at all: 0 or 0%. */
export const isZero = (value: IntOrString | undefined): boolean =>
  value === 0 || (value !== undefined && percentOf(value) === 0)
