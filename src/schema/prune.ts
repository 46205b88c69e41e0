import { jsonKind, namedScalars, type ReadScalar } from './named-scalars.ts'
import type { View } from './view.ts'

/** A value of the wrong JSON type. */
export interface DecodeError {
  /** `spec.containers[0].image` */
  readonly path: string
  /** What the schema wants: `int32`, `[]v1.Container` ... */
  readonly expected: string
  readonly value: unknown
  /** Upstream's text: `json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32`. */
  readonly message: string
}

/** Something found below; the path grows from the inside out, so a clean object costs nothing. */
interface Finding {
  path: string
  /** The nearest type around the value. */
  owner?: string
  readonly unknown?: boolean
  readonly expected: string
  readonly value: unknown
  /** A scalar's own words, said without the field. */
  readonly text?: string
}

/** Answers what to keep (undefined: drop), and reports what is wrong. */
type Reader = (value: unknown, found: Finding[]) => unknown
type Loose = Record<string, unknown>

const compiled = new WeakMap<View, Reader>()

/**
 * Brings a parsed JSON object into the shape of its type, in place: unknown fields and nulls go, quantities and times
 * become canonical. Answers the values of a wrong type; the object is then not to be used.
 */
export function prune(view: View, object: object, onUnknown?: (path: string) => void): readonly DecodeError[] {
  const found: Finding[] = []
  const kept = readerOf(view)(object, found)
  if (kept !== object && isObject(kept)) replace(object as Loose, kept)
  if (found.length === 0) return none
  if (onUnknown) for (const one of found) if (one.unknown) onUnknown(one.path.slice(1))
  return found.filter(one => !one.unknown).map(decodeError)
}

const none: readonly DecodeError[] = []

function replace(object: Loose, kept: Loose) {
  for (const key of Object.keys(object)) if (!(key in kept)) delete object[key]
  Object.assign(object, kept)
}

function decodeError({ path, owner, expected, value, text }: Finding): DecodeError {
  const where = path.slice(1).replaceAll(/\[[^\]]*\]/g, '')
  const field = owner ? `Go struct field ${owner}.${where}` : `Go value`
  const kind = typeof value === 'number' ? `number ${value}` : jsonKind(value)
  const shown = expected === 'string' && typeof value === 'number' ? 'number' : kind
  const message = text ?? `json: cannot unmarshal ${shown} into ${field} of type ${expected}`
  return { path: path.slice(1), expected, value, message }
}

function readerOf(view: View): Reader {
  const known = compiled.get(view)
  if (known) return known
  // A type that contains itself asks for the finished reader when it runs.
  let reader: Reader = () => undefined
  compiled.set(view, (value, found) => reader(value, found))
  reader = compile(view)
  compiled.set(view, reader)
  return reader
}

function compile(view: View): Reader {
  const scalar = view.definition === undefined ? undefined : namedScalars.get(view.definition)
  if (scalar) return readNamed(scalar, goType(view))
  if (view.many === 'list' && view.element) return readList(view, readerOf(view.element))
  if (view.many === 'map' && view.element) return readMap(view, readerOf(view.element))
  if (view.fields) return readStruct(view, view.fields)
  if (view.node.format === 'int-or-string') {
    return readNamed(namedScalars.get('io.k8s.apimachinery.pkg.util.intstr.IntOrString')!, 'int-or-string')
  }
  if (view.node.open || view.node.type === undefined) return value => value
  return view.node.format === 'byte' && view.node.type === 'string' ? readBytes : readPlain(view)
}

function readNamed(read: ReadScalar, expected: string): Reader {
  return (value, found) => {
    const result = read(value)
    if ('value' in result) return result.value
    found.push({ path: '', expected, value, text: result.error })
    return value
  }
}

const int32Most = 2 ** 31 - 1
const fits: Record<string, (value: unknown, format?: string) => boolean> = {
  string: value => typeof value === 'string',
  boolean: value => typeof value === 'boolean',
  number: value => typeof value === 'number',
  integer: (value, format) =>
    Number.isInteger(value) &&
    (format !== 'int32' || ((value as number) <= int32Most && (value as number) >= -int32Most - 1)),
  array: Array.isArray,
  object: value => isObject(value),
}

function readPlain(view: View): Reader {
  const fit = fits[view.node.type!]!
  const format = view.node.format
  const expected = goType(view)
  return (value, found) => {
    if (!fit(value, format)) found.push({ path: '', expected, value })
    return value
  }
}

/** Base64, which may be broken into lines. */
const readBytes: Reader = (value, found) => {
  if (typeof value !== 'string') found.push({ path: '', expected: '[]uint8', value })
  else if (!/^[A-Za-z0-9+/\r\n]*={0,2}[\r\n]*$/.test(value) || value.replaceAll(/[\r\n]/g, '').length % 4 !== 0) {
    const at = Math.max(0, value.search(/[^A-Za-z0-9+/\r\n]/))
    found.push({ path: '', expected: '[]uint8', value, text: `illegal base64 data at input byte ${at}` })
  }
  return value
}

function readStruct(view: View, fields: ReadonlyMap<string, View>): Reader {
  const expected = goType(view)
  const owner = expected.slice(expected.lastIndexOf('.') + 1)
  const open = view.node.open === true
  const readers = new Map([...fields].map(([name, field]) => [name, readerOf(field)]))
  const nullable = new Set([...fields].filter(([, field]) => field.node.nullable).map(([name]) => name))
  return (value, found) => {
    if (!isObject(value)) {
      found.push({ path: '', expected, value })
      return value
    }
    let drops: string[] | undefined
    for (const key of Object.keys(value)) {
      const before = found.length
      const given = value[key]
      const reader = readers.get(key)
      let kept = given
      if (reader) kept = given === null ? (nullable.has(key) ? null : undefined) : reader(given, found)
      else if (!open) {
        kept = undefined
        found.push({ path: '', unknown: true, expected: '', value: undefined })
      }
      if (found.length > before) locate(found, before, `.${key}`, owner)
      if (kept === undefined) (drops ??= []).push(key)
      else if (kept !== given) value[key] = kept
    }
    return drops ? without(value, drops) : value
  }
}

/** A fresh object, because deleting would turn the old one into a slow dictionary. */
function without(object: Loose, drops: readonly string[]): Loose {
  const kept: Loose = {}
  for (const key of Object.keys(object)) if (!drops.includes(key)) kept[key] = object[key]
  return kept
}

function locate(found: Finding[], from: number, step: string, owner?: string) {
  for (let i = from; i < found.length; i++) {
    found[i]!.path = step + found[i]!.path
    if (owner) found[i]!.owner ??= owner
  }
}

/** What Go makes of a null inside a list or a map. */
function zeroOf(view: View): unknown {
  if (view.fields || view.many === 'map') return {}
  if (view.many === 'list') return []
  if (view.node.type === 'string') return view.definition?.endsWith('.Quantity') ? '0' : ''
  if (view.node.type === 'boolean') return false
  return view.node.type === undefined || view.node.open ? null : 0
}

function readList(view: View, element: Reader): Reader {
  const expected = goType(view)
  const ofNull = view.element!
  return (value, found) => {
    if (!Array.isArray(value)) {
      found.push({ path: '', expected, value })
      return value
    }
    for (let i = 0; i < value.length; i++) {
      const before = found.length
      const kept = value[i] === null && !ofNull.node.nullable ? zeroOf(ofNull) : element(value[i], found)
      if (found.length > before) locate(found, before, `[${i}]`)
      if (kept !== value[i]) value[i] = kept
    }
    return value
  }
}

function readMap(view: View, element: Reader): Reader {
  const expected = goType(view)
  const ofNull = view.element!
  return (value, found) => {
    if (!isObject(value)) {
      found.push({ path: '', expected, value })
      return value
    }
    for (const key of Object.keys(value)) {
      const before = found.length
      const kept = value[key] === null && !ofNull.node.nullable ? zeroOf(ofNull) : element(value[key], found)
      if (found.length > before) locate(found, before, `[${key}]`)
      if (kept !== value[key]) value[key] = kept
    }
    return value
  }
}

/** The name of a type in Go, which upstream's messages show. */
function goType(view: View): string {
  if (view.many === 'list') return view.node.format === 'byte' ? '[]uint8' : `[]${goType(view.element!)}`
  if (view.many === 'map') return `map[string]${goType(view.element!)}`
  if (view.definition) return view.definition.split('.').slice(-2).join('.')
  if (view.node.type === 'integer') return view.node.format ?? 'int64'
  if (view.node.type === 'number') return 'float64'
  if (view.node.type === 'boolean') return 'bool'
  return view.node.format === 'byte' ? '[]uint8' : (view.node.type ?? 'interface {}')
}

function isObject(value: unknown): value is Loose {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
