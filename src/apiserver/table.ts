import { createdAtColumn, nameColumn } from '../api/columns.ts'
import type { KubernetesObject } from '../api/group-version.ts'
import { humanDuration } from '../base/duration.ts'
import type { AnyResource, Column } from '../schema/resource.ts'

type AnyColumn = Column<KubernetesObject>

/** The columns of a resource: those it declares, else what every object has. */
export function columnsOf(resource: AnyResource): readonly AnyColumn[] {
  const own = resource.columns as readonly unknown[] as readonly AnyColumn[]
  return own.length > 0 ? own : [nameColumn, createdAtColumn]
}

const shownAs = { date: 'string', string: 'string', integer: 'integer', number: 'number', boolean: 'boolean' } as const

/** A column as the Table describes it. Dates are shown as ages, which are strings. */
export function columnDefinition({ name, type = 'string', format = '', priority = 0 }: AnyColumn) {
  return { name, type: shownAs[type], format, description: '', priority }
}

/** What a column shows of an object. */
export function cell({ of, type }: AnyColumn, object: KubernetesObject, now: number): string | number | boolean {
  const value = of(object, now)
  if (type === 'date') return value === undefined ? '<unknown>' : age(now - Date.parse(String(value)))
  return value ?? '<none>'
}

const age = (ms: number) => (Number.isNaN(ms) ? '<unknown>' : humanDuration(ms))
