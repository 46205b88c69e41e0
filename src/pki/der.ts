/** One value of ASN.1's distinguished encoding, read: its tag byte, its content, and all of its bytes. */
export interface Der {
  readonly tag: number
  readonly content: Buffer
  readonly raw: Buffer
}

/** Tag bytes. */
export const tags = {
  boolean: 0x01,
  integer: 0x02,
  bits: 0x03,
  octets: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8: 0x0c,
  printable: 0x13,
  utcTime: 0x17,
  time: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const

/** Encodes a value: tag, length, and its parts one after the other. */
export function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.byteLength, 0)
  const size = []
  for (let left = length; left > 0; left >>>= 8) size.unshift(left & 0xff)
  const head = length < 0x80 ? [tag, length] : [tag, 0x80 | size.length, ...size]
  return Buffer.concat([Buffer.from(head), ...parts])
}

export function sequence(...parts: readonly Uint8Array[]): Buffer {
  return der(tags.sequence, ...parts)
}

/** A tag of the surrounding definition, around whole values (`explicit`) or in the place of a value's own. */
export function tagged(number: number, kind: 'explicit' | 'plain', ...parts: readonly Uint8Array[]): Buffer {
  return der((kind === 'explicit' ? 0xa0 : 0x80) | number, ...parts)
}

/** An integer that is not negative, from its bytes. */
export function integer(bytes: Uint8Array): Buffer {
  const first = bytes.findIndex(byte => byte !== 0)
  const short = first < 0 ? Buffer.from([0]) : bytes.subarray(first)
  return der(tags.integer, ...(short[0]! & 0x80 ? [Buffer.from([0])] : []), short)
}

export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const bytes: number[] = []
  for (const arc of [first * 40 + second, ...rest]) {
    const septets = [arc & 0x7f]
    for (let left = arc >>> 7; left > 0; left >>>= 7) septets.unshift((left & 0x7f) | 0x80)
    bytes.push(...septets)
  }
  return der(tags.oid, Buffer.from(bytes))
}

/** A bit string of whole bytes. */
export function bits(bytes: Uint8Array, unused = 0): Buffer {
  return der(tags.bits, Buffer.from([unused]), bytes)
}

/** PrintableString where its alphabet suffices, else UTF8String. */
export function text(value: string): Buffer {
  return der(/^[A-Za-z0-9 '()+,\-./:=?]*$/.test(value) ? tags.printable : tags.utf8, Buffer.from(value))
}

/** A certificate's time: UTCTime up to 2049, then GeneralizedTime (RFC 5280 4.1.2.5). */
export function time(ms: number): Buffer {
  const digits = `${new Date(ms).toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`
  return Number(digits.slice(0, 4)) < 2050
    ? der(tags.utcTime, Buffer.from(digits.slice(2)))
    : der(tags.time, Buffer.from(digits))
}

/** Reads all values that lie one after the other in `bytes`. Throws when they do not fill it exactly. */
export function readAll(bytes: Buffer): Der[] {
  const values: Der[] = []
  for (let at = 0; at < bytes.length; ) {
    const short = bytes[at + 1] ?? 0
    const more = short & 0x80 ? short & 0x7f : 0
    const start = at + 2 + more
    if (more > 4 || start > bytes.length) throw new Error('broken DER: a length does not fit')
    const length = more ? bytes.readUIntBE(at + 2, more) : short
    if (start + length > bytes.length) throw new Error('broken DER: a value is cut off')
    values.push({
      tag: bytes[at]!,
      content: bytes.subarray(start, start + length),
      raw: bytes.subarray(at, start + length),
    })
    at = start + length
  }
  return values
}

/** The values inside of a constructed one. `tag` is what it has to be. */
export function inside(value: Der | undefined, tag: number = tags.sequence): Der[] {
  if (value?.tag !== tag) throw new Error(`broken DER: expected tag ${tag}, found ${value?.tag ?? 'nothing'}`)
  return readAll(value.content)
}

/** An object identifier in dotted form. */
export function readOid(value: Der | undefined): string {
  if (value?.tag !== tags.oid) throw new Error('broken DER: expected an object identifier')
  const arcs: number[] = []
  let arc = 0
  for (const byte of value.content) {
    arc = arc * 128 + (byte & 0x7f)
    if (byte & 0x80) continue
    arcs.push(arc)
    arc = 0
  }
  const [first = 0, ...rest] = arcs
  const top = Math.min(2, Math.floor(first / 40))
  return [top, first - top * 40, ...rest].join('.')
}

export function pem(label: string, bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}

/** The bytes of the first block with this label; undefined when there is none. */
export function fromPem(label: string, input: string): Buffer | undefined {
  const found = new RegExp(`-----BEGIN ${label}-----([A-Za-z0-9+/=\\s]+)-----END ${label}-----`).exec(input)
  return found ? Buffer.from(found[1]!, 'base64') : undefined
}
