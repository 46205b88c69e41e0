import type { KeyValue } from '../storage.ts'

/** A key and its value as etcd sends them. */
export interface RawKeyValue {
  readonly key: Uint8Array
  readonly value: Uint8Array
  readonly createRevision: number
  readonly modRevision: number
  readonly version: number
}

export interface Header {
  readonly header: { readonly revision: number }
}

export interface RangeAnswer extends Header {
  readonly kvs: readonly RawKeyValue[]
  readonly more: boolean
  readonly count: number
}

export interface TxnAnswer extends Header {
  readonly succeeded: boolean
  readonly responses: readonly {
    readonly responseRange: RangeAnswer | null
    readonly responsePut: { readonly prevKv: RawKeyValue | null } | null
    readonly responseDeleteRange: { readonly deleted: number; readonly prevKvs: readonly RawKeyValue[] } | null
  }[]
}

export function keyValue({ key, value, createRevision, modRevision, version }: RawKeyValue): KeyValue {
  return { key: Buffer.from(key).toString('utf8'), value, createRevision, modRevision, version }
}

/** The first key after all that begin with the prefix. */
export function prefixEnd(prefix: Buffer): Buffer {
  const end = Buffer.from(prefix)
  for (let i = end.length - 1; i >= 0; i--) {
    if (end[i]! < 0xff) {
      end[i]!++
      return end.subarray(0, i + 1)
    }
  }
  // Every key: etcd's own sign for no end.
  return Buffer.from([0])
}
