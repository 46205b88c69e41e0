/**
 * Reads a .proto file (the part of proto3 that ours use) and turns messages into bytes and back. A general library
 * takes as much memory for this as gRPC itself, and longer to load. Names become camelCase; in decoded messages every
 * scalar, list and map is present, an absent message is null, enums are their names, and integers are numbers; those
 * that use all 64 bits are decimal strings where the field says `[jstype = JS_STRING]`.
 */
import { readFileSync } from 'node:fs'

type Plain = Record<string, unknown>

interface Field {
  readonly name: string
  readonly number: number
  readonly type: string
  readonly repeated: boolean
  readonly map: boolean
}

export interface ProtoMethod {
  readonly request: string
  readonly answer: string
}

/** The messages, enums and services of one file; nested types are known by their own name alone. */
export class Proto {
  readonly services = new Map<string, ReadonlyMap<string, ProtoMethod>>()
  readonly #messages = new Map<string, ReadonlyMap<number, Field>>()
  readonly #enums = new Map<string, readonly string[]>()
  #package = ''

  constructor(file: string) {
    const text = readFileSync(file, 'utf8').replace(/\/\/.*$/gm, '')
    const tokens = text.match(/[\w.]+|"[^"]*"|[^\s\w]/g) ?? []
    let at = 0
    const next = () => tokens[at++] ?? ''
    const until = (end: string) => {
      const from = at
      while (at < tokens.length && tokens[at] !== end) at++
      return tokens.slice(from, at++)
    }
    const block = (kind: string): void => {
      const name = next()
      next()
      if (kind === 'enum') this.#readEnum(name, until('}'))
      else if (kind === 'service') this.#readService(name, until('}'))
      else this.#readMessage(name, next, until, block)
    }
    while (at < tokens.length) {
      const word = next()
      if (word === 'package') this.#package = until(';')[0]!
      else if (word === 'syntax') until(';')
      else block(word)
    }
  }

  #readEnum(name: string, tokens: readonly string[]): void {
    const names: string[] = []
    for (let at = 0; at < tokens.length; at += 4) names[Number(tokens[at + 2])] = tokens[at]!
    this.#enums.set(name, names)
  }

  #readService(name: string, tokens: readonly string[]): void {
    const methods = new Map<string, ProtoMethod>()
    const words = tokens.filter(t => /\w/.test(t) && t !== 'stream')
    for (let at = 0; at < words.length; at += 5)
      methods.set(words[at + 1]!, { request: words[at + 2]!, answer: words[at + 4]! })
    this.services.set(`${this.#package}.${name}`, methods)
  }

  #readMessage(
    name: string,
    next: () => string,
    until: (end: string) => string[],
    block: (kind: string) => void,
  ): void {
    const fields = new Map<number, Field>()
    for (let word = next(); word !== '}'; word = next()) {
      if (word === 'enum' || word === 'message') {
        block(word)
        continue
      }
      const repeated = word === 'repeated'
      const map = word === 'map'
      // map<string, T>: only string keys are used.
      const type = map ? until('>').at(-1)! : repeated ? next() : word
      const [field, , number, ...options] = until(';')
      const camel = field!.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
      const exact = options.includes('JS_STRING')
      fields.set(Number(number), {
        name: camel,
        number: Number(number),
        type: exact ? exactInteger : type,
        repeated,
        map,
      })
    }
    this.#messages.set(name, fields)
  }

  encode(type: string, message: object): Buffer {
    const parts: Uint8Array[] = []
    for (const field of this.#messages.get(type)!.values()) {
      const value = (message as Plain)[field.name]
      if (value === undefined || value === null) continue
      if (field.map) {
        for (const [key, each] of Object.entries(value)) {
          const entry = Buffer.concat([...this.#value(mapKey, key), ...this.#value({ ...field, number: 2 }, each)])
          parts.push(varint(field.number * 8 + 2), varint(entry.length), entry)
        }
      } else if (field.repeated) for (const each of value as unknown[]) parts.push(...this.#value(field, each))
      else parts.push(...this.#value(field, value))
    }
    return Buffer.concat(parts)
  }

  /** One value with its tag. */
  #value({ number, type }: Pick<Field, 'number' | 'type'>, value: unknown): readonly Uint8Array[] {
    const counted = (bytes: Uint8Array) => [varint(number * 8 + 2), varint(bytes.length), bytes]
    if (type === 'string') return counted(Buffer.from(value as string))
    if (type === 'bytes') return counted(value as Uint8Array)
    if (this.#messages.has(type)) return counted(this.encode(type, value as object))
    if (type === 'double') {
      const bytes = Buffer.alloc(8)
      bytes.writeDoubleLE(value as number)
      return [varint(number * 8 + 1), bytes]
    }
    if (type === exactInteger) return [varint(number * 8), varint(BigInt(value as string))]
    const names = this.#enums.get(type)
    const code = names ? names.indexOf(value as string) : Number(value)
    if (names && code < 0) throw new TypeError(`${type} has no ${value}`)
    return [varint(number * 8), varint(code)]
  }

  decode(type: string, bytes: Buffer): Plain {
    const fields = this.#messages.get(type)!
    const message: Plain = {}
    for (const field of fields.values()) message[field.name] = this.#absent(field)
    const reader = new Reader(bytes)
    while (reader.more) {
      const tag = reader.varint()
      const field = fields.get(Math.floor(tag / 8))
      const wire = tag % 8
      if (!field) reader.skip(wire)
      else if (field.map) {
        const entry = new Reader(reader.counted())
        let key = ''
        let value = this.#absent({ ...field, map: false })
        while (entry.more) {
          if (Math.floor(entry.varint() / 8) === 1) key = entry.counted().toString()
          else value = this.#read(field.type, entry)
        }
        ;(message[field.name] as Plain)[key] = value
      } else if (!field.repeated) message[field.name] = this.#read(field.type, reader)
      else {
        const list = message[field.name] as unknown[]
        // Numbers in lists come packed.
        const packed = wire === 2 && !counts(field.type) && !this.#messages.has(field.type)
        const from = packed ? new Reader(reader.counted()) : reader
        do list.push(this.#read(field.type, from))
        while (packed && from.more)
      }
    }
    return message
  }

  #absent({ type, repeated, map }: Pick<Field, 'type' | 'repeated' | 'map'>): unknown {
    if (map) return {}
    if (repeated) return []
    if (type === 'string') return ''
    if (type === 'bytes') return Buffer.alloc(0)
    if (type === 'bool') return false
    if (type === exactInteger) return '0'
    if (this.#messages.has(type)) return null
    return this.#enums.get(type)?.[0] ?? 0
  }

  #read(type: string, reader: Reader): unknown {
    if (type === 'string') return reader.counted().toString()
    if (type === 'bytes') return reader.counted()
    if (type === 'double') return reader.double()
    if (this.#messages.has(type)) return this.decode(type, reader.counted())
    if (type === exactInteger) return reader.exact().toString()
    const number = reader.varint(type.startsWith('int'))
    if (type === 'bool') return number !== 0
    const names = this.#enums.get(type)
    return names ? (names[number] ?? number) : number
  }
}

/** The type of integers that are decimal strings here. */
const exactInteger = 'exact uint64'
const mapKey = { number: 1, type: 'string' } as const

function counts(type: string): boolean {
  return type === 'string' || type === 'bytes'
}

function varint(value: number | bigint): Uint8Array {
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, typeof value === 'bigint' ? value : BigInt(Math.trunc(value)))
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128)
    rest >>= 7n
  }
  bytes.push(Number(rest))
  return Uint8Array.from(bytes)
}

class Reader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get more(): boolean {
    return this.#at < this.#bytes.length
  }

  varint(signed = false): number {
    let value = 0
    let factor = 1
    const from = this.#at
    for (;;) {
      const byte = this.#bytes[this.#at++]
      if (byte === undefined) throw new RangeError('a protobuf message ends too early')
      value += (byte & 127) * factor
      if (byte < 128) break
      factor *= 128
    }
    // Ten bytes: negative, or too large to be exact anyway.
    return signed && this.#at - from === 10 ? this.#negative(from) : value
  }

  #negative(from: number): number {
    return Number(BigInt.asIntN(64, this.#bits(from)))
  }

  /** A varint with all its bits. */
  exact(): bigint {
    const from = this.#at
    this.varint()
    return BigInt.asUintN(64, this.#bits(from))
  }

  #bits(from: number): bigint {
    let value = 0n
    for (let at = this.#at - 1; at >= from; at--) value = (value << 7n) | BigInt(this.#bytes[at]! & 127)
    return value
  }

  double(): number {
    return this.#bytes.readDoubleLE((this.#at += 8) - 8)
  }

  counted(): Buffer {
    const length = this.varint()
    const bytes = this.#bytes.subarray(this.#at, (this.#at += length))
    if (bytes.length < length) throw new RangeError('a protobuf message ends too early')
    return bytes
  }

  skip(wire: number): void {
    if (wire === 0) this.varint()
    else if (wire === 2) this.counted()
    else this.#at += wire === 1 ? 8 : 4
  }
}
