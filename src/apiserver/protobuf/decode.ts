import { rfc3339, rfc3339Micro } from '../../base/clock.ts'
import { badRequest } from '../../machinery/status-error.ts'
import type { View } from '../../schema/view.ts'
import type { JsonObject } from '../cache/json.ts'
import { fieldNumbers } from './field-numbers.ts'
import { signed, utf8, type WireField, wireFields } from './wire.ts'

type Value = WireField['value']

/** What the bytes of an object in protobuf begin with. */
const magic = Buffer.from('k8s\0')
const mostDepth = 100

/** An object as it came: its kind, and its message. */
export interface Envelope {
  readonly apiVersion: string
  readonly kind: string
  readonly raw: Uint8Array
}

/** Opens the envelope that kinds travel in (runtime.Unknown). */
export function openEnvelope(bytes: Uint8Array): Envelope {
  if (bytes.length < 4 || !magic.equals(bytes.subarray(0, 4))) {
    throw badRequest('the body is not protobuf: it does not begin with the expected prefix')
  }
  return safely(() => {
    let type = new Uint8Array(0)
    let raw: Uint8Array = new Uint8Array(0)
    for (const { number, value } of wireFields(bytes.subarray(4))) {
      if (number === 1) type = value as typeof type
      else if (number === 2) raw = value as Uint8Array
    }
    const names = ['', '']
    for (const { number, value } of wireFields(type)) names[number - 1] = utf8(value as Uint8Array)
    return { apiVersion: names[0]!, kind: names[1]!, raw }
  })
}

/** The JSON object that a message of the type means. */
export function decodeMessage(view: View, raw: Uint8Array): JsonObject {
  return safely(() => {
    const object: JsonObject = {}
    readInto(object, view, view.definition ?? '', raw, 0)
    return object
  })
}

function safely<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError)
      throw badRequest(`the body cannot be read as protobuf: ${error.message}`)
    throw error
  }
}

const tables = new Map<string, readonly string[]>()

function namesOf(definition: string): readonly string[] {
  let names = tables.get(definition)
  if (!names) tables.set(definition, (names = (fieldNumbers[definition] ?? '').split(' ')))
  return names
}

function readInto(object: JsonObject, view: View, definition: string, bytes: Uint8Array, depth: number): void {
  if (depth > mostDepth) throw new RangeError('it nests too deep')
  const names = namesOf(definition)
  for (const { number, value } of wireFields(bytes)) {
    const name = names[number - 1]
    if (!name) continue
    if (name.startsWith('*')) readInto(object, view, name.slice(1), value as Uint8Array, depth + 1)
    else {
      const field = view.fields?.get(name)
      if (field) readField(object, name, field, value, depth)
    }
  }
}

function readField(object: JsonObject, name: string, field: View, value: Value, depth: number): void {
  const { many, element } = field
  if (many === 'map' && element) {
    const map = (object[name] ??= {}) as JsonObject
    const [key, entry] = mapEntry(element, value as Uint8Array, depth)
    map[key] = entry
  } else if (many === 'list' && element) {
    const list = (object[name] ??= []) as unknown[]
    list.push(...elements(element, value, depth))
  } else {
    const read = readValue(field, value, depth)
    if (!isGoZero(name, read)) object[name] = read
  }
}

/** Elements of a list of numbers may come packed into one field. */
function elements(element: View, value: Value, depth: number): unknown[] {
  const { type } = element.node
  const number = type === 'integer' || type === 'boolean'
  if (!number || typeof value === 'bigint' || element.definition) return [readValue(element, value, depth)]
  const found: unknown[] = []
  // Packed numbers are varints one after the other: read as values of fields that are not there.
  for (let at = 0; at < value.length; ) {
    let end = at
    while (value[end]! >= 0x80) end += 1
    const [field] = wireFields(Buffer.concat([Buffer.from([8]), value.subarray(at, end + 1)]))
    found.push(readValue(element, field!.value, depth))
    at = end + 1
  }
  return found
}

function mapEntry(element: View, bytes: Uint8Array, depth: number): [string, unknown] {
  let key = ''
  let entry: unknown = element.many === 'list' ? [] : element.node.type === 'string' ? '' : {}
  for (const { number, value } of wireFields(bytes)) {
    if (number === 1) key = utf8(value as Uint8Array)
    else if (element.many === 'list' && element.element) {
      // A list as the value of a map is wrapped in a message with one field, `items`.
      entry = [...wireFields(value as Uint8Array)].flatMap(item => elements(element.element!, item.value, depth))
    } else entry = readValue(element, value, depth)
  }
  return [key, entry]
}

type ReadNamed = (bytes: Uint8Array) => unknown

function time(write: (ms: number) => string): ReadNamed {
  return bytes => {
    let seconds: number | undefined
    let nanos = 0
    for (const { number, value } of wireFields(bytes)) {
      if (number === 1) seconds = signed(value as bigint)
      else if (number === 2) nanos = Number(value)
    }
    // Nothing at all, and the year 1, are how Go writes no time.
    return seconds === undefined || seconds <= -62_135_596_800 ? undefined : write(seconds * 1000 + nanos / 1e6)
  }
}

const text: ReadNamed = bytes => {
  for (const { value } of wireFields(bytes)) return utf8(value as Uint8Array)
  return ''
}

const rawJson: ReadNamed = bytes => {
  for (const { value } of wireFields(bytes)) return JSON.parse(utf8(value as Uint8Array) || 'null')
  return undefined
}

const intOrString: ReadNamed = bytes => {
  const parts: Value[] = []
  for (const { number, value } of wireFields(bytes)) parts[number] = value
  if (parts[1]) return utf8((parts[3] as Uint8Array | undefined) ?? new Uint8Array(0))
  return signed((parts[2] as bigint | undefined) ?? 0n)
}

/** Types with a form of their own in JSON, by the last part of their names. */
const named: Readonly<Record<string, ReadNamed>> = {
  Time: time(rfc3339),
  MicroTime: time(rfc3339Micro),
  Quantity: text,
  IntOrString: intOrString,
  FieldsV1: rawJson,
  RawExtension: rawJson,
}

function readValue(field: View, value: Value, depth: number): unknown {
  const { definition, node } = field
  if (typeof value !== 'bigint') {
    const own = definition && !field.fields ? named[definition.slice(definition.lastIndexOf('.') + 1)] : undefined
    if (own) return own(value)
    if (field.fields) {
      const object: JsonObject = {}
      readInto(object, field, definition ?? '', value, depth + 1)
      return object
    }
    if (node.format === 'byte') return Buffer.from(value).toString('base64')
    return node.open ? rawJson(value) : utf8(value)
  }
  if (node.type === 'boolean') return value !== 0n
  if (node.type === 'number') return new DataView(new BigUint64Array([value]).buffer).getFloat64(0, true)
  return signed(value)
}

/** Optional texts of which an empty one says something else than none. */
const meansEmpty = new Set(['storageClassName', 'volumeAttributesClassName', 'ingressClassName'])
/** Numbers and switches that Go always writes, and JSON leaves out when zero. */
const leftOut = new Set([
  ...['containerPort', 'hostPort', 'nodePort', 'healthCheckNodePort', 'generation', 'observedGeneration'],
  ...[
    'initialDelaySeconds',
    'timeoutSeconds',
    'periodSeconds',
    'successThreshold',
    'failureThreshold',
    'minReadySeconds',
  ],
  ...[
    'stdin',
    'stdinOnce',
    'tty',
    'hostNetwork',
    'hostPID',
    'hostIPC',
    'paused',
    'readOnly',
    'unschedulable',
    'orphan',
  ],
])

/** Whether JSON would not have the field: protobuf from Go carries the zeros of fields that are no pointers. */
function isGoZero(name: string, value: unknown): boolean {
  if (value === undefined) return true
  if (value === '') return !meansEmpty.has(name)
  return (value === 0 || value === false) && leftOut.has(name)
}
