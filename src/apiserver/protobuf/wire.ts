/** One field of a protobuf message as it stands on the wire: a number, or bytes. */
export interface WireField {
  readonly number: number
  readonly value: bigint | Uint8Array
}

/** Reads the fields of a message, in order. Throws a RangeError for bytes that are no message. */
export function* wireFields(bytes: Uint8Array): Generator<WireField> {
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = data.getUint8(at++)
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
    throw new RangeError('a number is too long')
  }
  while (at < bytes.length) {
    const tag = Number(varint())
    const number = tag >>> 3
    const kind = tag & 7
    if (kind === 0) yield { number, value: varint() }
    else if (kind === 1) {
      yield { number, value: data.getBigUint64(at, true) }
      at += 8
    } else if (kind === 5) {
      yield { number, value: BigInt(data.getUint32(at, true)) }
      at += 4
    } else if (kind === 2) {
      const length = Number(varint())
      if (length > bytes.length - at) throw new RangeError('a field is longer than its message')
      yield { number, value: bytes.subarray(at, at + length) }
      at += length
    } else throw new RangeError(`a field is of the unknown kind ${kind}`)
  }
}

/** A varint as the signed number it means. */
export function signed(value: bigint): number {
  return Number(BigInt.asIntN(64, value))
}

export function utf8(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()
}
