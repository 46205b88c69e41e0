import type { KubernetesObject } from '../api/group-version.ts'
import type { AnyResource, Column } from '../schema/resource.ts'

type AnyColumn = Column<KubernetesObject>

const name: AnyColumn = { name: 'Name', format: 'name', of: object => object.metadata.name }
const age: AnyColumn = { name: 'Age', type: 'date', of: object => object.metadata.creationTimestamp }
const createdAt: AnyColumn = { ...age, name: 'Created At' }

/** The columns of a resource: its name first, its own, and its age last unless it says where that goes. */
export function columnsOf(resource: AnyResource): readonly AnyColumn[] {
  const own = resource.columns as readonly unknown[] as readonly AnyColumn[]
  if (own.length === 0) return [name, createdAt]
  const named = own.some(column => column.name === 'Name') ? own : [name, ...own]
  return named.some(column => column.name === 'Age') ? named : [...named, age]
}

const shownAs = { date: 'string', string: 'string', integer: 'integer', number: 'number', boolean: 'boolean' } as const

/** A column as the Table describes it. Dates are shown as ages, which are strings. */
export function columnDefinition({ name, type = 'string', format = '', priority = 0 }: AnyColumn) {
  return { name, type: shownAs[type], format, description: '', priority }
}

/** What a column shows of an object. */
export function cell({ of, type }: AnyColumn, object: KubernetesObject, now: number): string | number | boolean {
  const value = of(object, now)
  if (type === 'date') return value === undefined ? '<unknown>' : humanAge(now - Date.parse(String(value)))
  return value ?? '<none>'
}

const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour
const year = 365 * day

/** Steps of precision: below `under`, this unit, with the next smaller one beside it where that still says something. */
const steps = [
  { under: 2 * minute, unit: second, suffix: 's' },
  { under: 10 * minute, unit: minute, suffix: 'm', rest: second, restSuffix: 's' },
  { under: 3 * hour, unit: minute, suffix: 'm' },
  { under: 8 * hour, unit: hour, suffix: 'h', rest: minute, restSuffix: 'm' },
  { under: 2 * day, unit: hour, suffix: 'h' },
  { under: 8 * day, unit: day, suffix: 'd', rest: hour, restSuffix: 'h' },
  { under: 2 * year, unit: day, suffix: 'd' },
  { under: 8 * year, unit: year, suffix: 'y', rest: day, restSuffix: 'd' },
  { under: Number.POSITIVE_INFINITY, unit: year, suffix: 'y' },
]

/** A length of time the way kubectl shows ages: 90s, 5m10s, 3h, 2d4h, 400d. */
export function humanAge(ms: number): string {
  if (Number.isNaN(ms)) return '<unknown>'
  if (ms < -second) return '<invalid>'
  if (ms < 0) return '0s'
  const { unit, suffix, rest, restSuffix } = steps.find(step => ms < step.under)!
  const whole = Math.floor(ms / unit)
  const left = rest === undefined ? 0 : Math.floor((ms - whole * unit) / rest)
  return left > 0 ? `${whole}${suffix}${left}${restSuffix}` : `${whole}${suffix}`
}
