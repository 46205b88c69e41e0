import type { LimitRange, LimitRangeItem } from '../../api/core/v1/limit-range.ts'
import { type FieldError, fieldDuplicate, fieldForbidden, fieldInvalid } from '../../machinery/field-error.ts'
import { compareQuantities } from '../../machinery/quantity.ts'
import type { Strategy } from '../registry/strategy.ts'
import { type Errors, each } from '../validation/rules.ts'

/** Bounds in order: min, default request, default, max. */
export const limitRangeStrategy: Strategy<LimitRange> = {
  validate({ spec }) {
    const types = new Set<string>()
    return each(spec.limits, 'spec.limits', (item, at) => {
      const twice = types.has(item.type) ? [fieldDuplicate(`${at}.type`, item.type)] : []
      types.add(item.type)
      return [...twice, ...validateItem(item, at)]
    })
  },
}

type Bound = 'min' | 'max' | 'default' | 'defaultRequest'
const shown: Record<Bound, string> = { min: 'min', max: 'max', default: 'default', defaultRequest: 'default request' }
/** Which bound may not be greater than which. */
const order: readonly [Bound, Bound][] = [
  ['min', 'max'],
  ['min', 'defaultRequest'],
  ['defaultRequest', 'max'],
  ['defaultRequest', 'default'],
  ['min', 'default'],
  ['default', 'max'],
]

function validateItem(item: LimitRangeItem, path: string): Errors {
  const errors: FieldError[] = []
  if (item.type === 'Pod') {
    for (const field of ['default', 'defaultRequest'] as const) {
      if (!item[field] || Object.keys(item[field]).length === 0) continue
      errors.push(fieldForbidden(`${path}.${field}`, "may not be specified when `type` is 'Pod'"))
    }
  }
  for (const [less, more] of order) {
    for (const [name, amount] of Object.entries(item[less] ?? {})) {
      const bound = item[more]?.[name]
      if (bound === undefined || compareQuantities(amount, bound) <= 0) continue
      const why = `${shown[less]} value ${amount} is greater than ${shown[more]} value ${bound}`
      errors.push(fieldInvalid(`${path}.${less}[${name}]`, amount, why))
    }
  }
  return errors
}
