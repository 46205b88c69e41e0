import type { Change } from '../mvcc/keyspace.ts'

/**
 * Changes as one buffer, so that a whole batch crosses between threads without being cloned. Per change: revision, createRevision
 * and expires (float64), version, key length and value length (uint32), type (uint32: 1 put, 0 delete), then key and value.
 */
const head = 40

export function pack(changes: readonly Change[]): ArrayBuffer {
  const lengths = changes.map(({ kv }) => Buffer.byteLength(kv.key))
  const total = changes.reduce((sum, { kv }, i) => sum + head + lengths[i]! + kv.value.byteLength, 0)
  const bytes = Buffer.allocUnsafeSlow(total)
  let at = 0
  changes.forEach(({ type, kv, expires }, i) => {
    bytes.writeDoubleLE(kv.modRevision, at)
    bytes.writeDoubleLE(kv.createRevision, at + 8)
    bytes.writeDoubleLE(expires, at + 16)
    bytes.writeUInt32LE(kv.version, at + 24)
    bytes.writeUInt32LE(lengths[i]!, at + 28)
    bytes.writeUInt32LE(kv.value.byteLength, at + 32)
    bytes.writeUInt32LE(type === 'put' ? 1 : 0, at + 36)
    bytes.write(kv.key, at + head)
    bytes.set(kv.value, at + head + lengths[i]!)
    at += head + lengths[i]! + kv.value.byteLength
  })
  return bytes.buffer as ArrayBuffer
}

/** The changes of a packed buffer; the values are views into it. */
export function* unpack(packed: ArrayBuffer): Generator<Change> {
  const bytes = Buffer.from(packed)
  for (let at = 0; at < bytes.length; ) {
    const keyAt = at + head
    const valueAt = keyAt + bytes.readUInt32LE(at + 28)
    const end = valueAt + bytes.readUInt32LE(at + 32)
    yield {
      type: bytes.readUInt32LE(at + 36) === 1 ? 'put' : 'delete',
      expires: bytes.readDoubleLE(at + 16),
      kv: {
        key: bytes.toString('utf8', keyAt, valueAt),
        value: new Uint8Array(packed, valueAt, end - valueAt),
        createRevision: bytes.readDoubleLE(at + 8),
        modRevision: bytes.readDoubleLE(at),
        version: bytes.readUInt32LE(at + 24),
      },
    }
    at = end
  }
}
