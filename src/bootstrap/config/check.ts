/** Holds a document against the declared fields: unknown ones, and values of another type. */
import { parseDuration } from '../../base/duration.ts'
import { type ConfigVersion, currentVersion, type Field, type Fields, type FieldType, isIn } from './fields.ts'

/** A thing wrong with one field. An unknown field is left out and warned of; a wrong type cannot be gone on with. */
export interface StructureProblem {
  readonly path: string
  readonly text: string
  readonly unknown: boolean
}

type Wanted = Exclude<FieldType, 'list' | 'map' | 'object' | 'arguments'>
const isText = (value: unknown) => typeof value === 'string'

const scalars: Readonly<Record<Wanted, { readonly is: (value: unknown) => boolean; readonly wanted: string }>> = {
  text: { is: isText, wanted: 'text (put it in quotes)' },
  flag: { is: value => typeof value === 'boolean', wanted: 'true or false' },
  integer: { is: Number.isSafeInteger, wanted: 'a whole number' },
  duration: {
    is: value => isText(value) && parseDuration(value as string) !== undefined,
    wanted: 'a duration such as 4m0s',
  },
  time: {
    is: value => isText(value) && /^\d{4}-\d\d-\d\dT/.test(value as string) && !Number.isNaN(Date.parse(String(value))),
    wanted: 'a time such as 2030-01-31T12:00:00Z',
  },
}

/** Everything wrong with the structure of an object of this version. `path` is where it stands. */
export function checkFields(
  value: Readonly<Record<string, unknown>>,
  fields: Fields,
  version: ConfigVersion,
  path = '',
): StructureProblem[] {
  return Object.entries(value).flatMap(([name, inner]) => {
    const here = path ? `${path}.${name}` : name
    const declared = Object.hasOwn(fields, name) ? fields[name] : undefined
    if (declared && isIn(version, declared)) return checkField(inner, declared, version, here)
    const other = declared && (isIn(currentVersion, declared) ? ` (${declared.since} has it)` : ` (gone since then)`)
    return [{ path: here, text: `unknown field ${JSON.stringify(here)} in ${version}${other ?? ''}`, unknown: true }]
  })
}

function checkField(value: unknown, declared: Field, version: ConfigVersion, path: string): StructureProblem[] {
  // As in Kubernetes, null is a field that was left out.
  if (value === null || value === undefined) return []
  const wrong = (wanted: string) => [
    { path, text: `${path}: expected ${wanted}, found ${shown(value)}`, unknown: false },
  ]
  if (declared.type === 'object') {
    return isObject(value) ? checkFields(value, declared.fields ?? {}, version, path) : wrong('fields')
  }
  if (declared.type === 'list') {
    if (!Array.isArray(value)) return wrong('a list')
    return value.flatMap((item, i) =>
      item === null ? wrong('no empty item in the list') : checkField(item, declared.of!, version, `${path}[${i}]`),
    )
  }
  if (declared.type === 'map') {
    if (!isObject(value)) return wrong('a map')
    return Object.entries(value).flatMap(([key, item]) => checkField(item, declared.of!, version, `${path}.${key}`))
  }
  if (declared.type === 'arguments') return checkField(value, argumentsIn(version), version, path)
  const scalar = scalars[declared.type]
  return scalar.is(value) ? [] : wrong(scalar.wanted)
}

/** How a version writes arguments. */
export function argumentsIn(version: ConfigVersion): Field {
  const one: Field = { type: 'text', does: '' }
  if (!isIn(version, { since: 'v1beta4' })) return { type: 'map', does: '', of: one }
  const fields = { name: { ...one, does: 'the flag' }, value: { ...one, does: 'its value' } }
  return { type: 'list', does: '', of: { type: 'object', does: 'one argument', fields } }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (isObject(value)) return 'fields'
  // What is wrong may still be a secret: its beginning is enough to find it.
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 40 ? `${text.slice(0, 20)}...` : text
}
