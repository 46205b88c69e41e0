/**
 * Reads bbolt files, etcd's databases, and appends one key to one: what looking at a snapshot and bumping its revision
 * need, without etcd's own tools. Only for files that nobody else has open.
 *
 * A file is pages of equal size; pages 0 and 1 say where the tree of buckets begins. A page has a head of 16 bytes
 * (id, kind, count of elements, how many more pages belong to it), then elements of 16 bytes that point to keys and values.
 */
import { fstatSync, readSync, writeSync } from 'node:fs'

const magic = 0xed0cdaed
const headBytes = 16
const elementBytes = 16
const metaBytes = 56
const branchPage = 1
const leafPage = 2
/** The mark of an element that is a bucket. */
const bucketElement = 1
const deepest = 64
/** The largest piece of the file that is read at once: a value of etcd's is far smaller. */
const largestPage = 256 * 2 ** 20

interface Meta {
  readonly page: number
  readonly pageSize: number
  readonly root: number
  /** How many pages there are. */
  readonly pages: number
  readonly transaction: bigint
}

export interface BoltEntry {
  readonly key: Buffer
  readonly value: Buffer
}

export interface Bolt {
  /** Bytes that belong to the database. */
  readonly size: number
  /** Names of the buckets in their order. */
  buckets(): readonly string[]
  /** Keys and values of a bucket in the order of keys. Throws when there is no such bucket. */
  entries(bucket: string): Iterable<BoltEntry>
  /** Adds a key that comes after all others of the bucket. */
  append(bucket: string, key: Buffer, value: Buffer): void
}

/** Opens the database that an open file holds. Throws when it is none, or is damaged. */
export function boltFile(handle: number): Bolt {
  const length = fstatSync(handle).size
  let meta = newestMeta(handle)
  const { pageSize } = meta
  if (meta.pages * pageSize > length) throw new Error('the file ends too early: it was not copied to its end')

  const page = (id: number): Buffer => {
    if (id < 2 || id >= meta.pages) throw new Error(`page ${id} is damaged`)
    const head = bytesAt(handle, id * pageSize, headBytes)
    const size = (head.readUInt32LE(12) + 1) * pageSize
    if (size > largestPage || id * pageSize + size > length) throw new Error(`page ${id} is damaged`)
    return bytesAt(handle, id * pageSize, size)
  }
  const find = (name: string) => {
    for (const found of walk(page, meta.root)) if (found.entry.key.toString() === name) return found
    throw new Error(`there is no bucket ${name}`)
  }

  function* entries(bucket: string): Iterable<BoltEntry> {
    const { entry } = find(bucket)
    const root = Number(entry.value.readBigUInt64LE(0))
    if (root === 0) for (const each of elements(entry.value.subarray(16))) yield each.entry
    else for (const each of walk(page, root)) yield each.entry
  }

  return {
    size: meta.pages * pageSize,
    entries,
    buckets: () =>
      [...walk(page, meta.root)].flatMap(({ entry, mark }) => (mark & bucketElement ? [entry.key.toString()] : [])),

    append(bucket, key, value) {
      const held = find(bucket)
      const top = Number(held.entry.value.readBigUInt64LE(0))
      /** Where the number of the last leaf's page stands in the file. */
      let pointer = held.valueAt
      let last = held.entry.value.subarray(16)
      for (let id = top, depth = 0; id !== 0; depth++) {
        if (depth > deepest) throw new Error('the tree of pages is damaged')
        last = page(id)
        if (last.readUInt16LE(8) === leafPage) break
        const at = headBytes + (last.readUInt16LE(10) - 1) * elementBytes
        pointer = id * pageSize + at + 8
        id = Number(last.readBigUInt64LE(at + 8))
      }
      const filled = leafOf(
        [...elements(last)].map(({ entry, mark }) => ({ ...entry, mark })).concat({ key, value, mark: 0 }),
      )
      const count = Math.ceil(filled.length / pageSize)
      const whole = Buffer.alloc(count * pageSize)
      filled.copy(whole)
      whole.writeBigUInt64LE(BigInt(meta.pages), 0)
      whole.writeUInt32LE(count - 1, 12)
      writeSync(handle, whole, 0, whole.length, meta.pages * pageSize)
      const id = Buffer.alloc(8)
      id.writeBigUInt64LE(BigInt(meta.pages))
      writeSync(handle, id, 0, 8, pointer)
      meta = withPages(handle, meta, meta.pages + count)
    },
  }
}

interface Found {
  readonly entry: BoltEntry
  readonly mark: number
  /** Where the value stands in the file. */
  readonly valueAt: number
}

function* walk(page: (id: number) => Buffer, id: number, depth = 0): Iterable<Found> {
  if (depth > deepest) throw new Error('the tree of pages is damaged')
  const bytes = page(id)
  if (bytes.readUInt16LE(8) === branchPage) {
    for (let i = 0; i < bytes.readUInt16LE(10); i++) {
      yield* walk(page, Number(bytes.readBigUInt64LE(headBytes + i * elementBytes + 8)), depth + 1)
    }
    return
  }
  const own = Number(bytes.readBigUInt64LE(0))
  const pageAt = own * (bytes.length / (bytes.readUInt32LE(12) + 1))
  for (const each of elements(bytes)) yield { ...each, valueAt: pageAt + each.valueAt }
}

function* elements(bytes: Buffer): Iterable<Found> {
  if (bytes.readUInt16LE(8) !== leafPage) throw new Error(`page ${bytes.readBigUInt64LE(0)} is damaged`)
  for (let i = 0; i < bytes.readUInt16LE(10); i++) {
    const at = headBytes + i * elementBytes
    const keyAt = at + bytes.readUInt32LE(at + 4)
    const valueAt = keyAt + bytes.readUInt32LE(at + 8)
    const end = valueAt + bytes.readUInt32LE(at + 12)
    if (end > bytes.length) throw new Error(`page ${bytes.readBigUInt64LE(0)} is damaged`)
    const entry = { key: bytes.subarray(keyAt, valueAt), value: bytes.subarray(valueAt, end) }
    yield { entry, mark: bytes.readUInt32LE(at), valueAt }
  }
}

/** A leaf with these elements; its number and length are still to be written. */
function leafOf(all: readonly (BoltEntry & { readonly mark: number })[]): Buffer {
  const heads = Buffer.alloc(headBytes + all.length * elementBytes)
  heads.writeUInt16LE(leafPage, 8)
  heads.writeUInt16LE(all.length, 10)
  const parts: Buffer[] = [heads]
  let at = heads.length
  all.forEach(({ key, value, mark }, i) => {
    const element = headBytes + i * elementBytes
    heads.writeUInt32LE(mark, element)
    heads.writeUInt32LE(at - element, element + 4)
    heads.writeUInt32LE(key.length, element + 8)
    heads.writeUInt32LE(value.length, element + 12)
    parts.push(key, value)
    at += key.length + value.length
  })
  return Buffer.concat(parts)
}

function newestMeta(handle: number): Meta {
  const first = metaAt(handle, 0, 0)
  // Where the second one is depends on the size of pages; when the first is damaged, on the usual one.
  const second = metaAt(handle, 1, first?.pageSize ?? 4096)
  const found = [first, second].filter(meta => meta !== undefined)
  if (found.length === 0) throw new Error('this is no database of etcd')
  return found.reduce((a, b) => (b.transaction > a.transaction ? b : a))
}

function metaAt(handle: number, page: number, at: number): Meta | undefined {
  const bytes = bytesAt(handle, at + headBytes, metaBytes + 8)
  if (bytes.readUInt32LE(0) !== magic || bytes.readBigUInt64LE(metaBytes) !== fnv(bytes.subarray(0, metaBytes)))
    return undefined
  const pageSize = bytes.readUInt32LE(8)
  if (pageSize < 512 || pageSize > 2 ** 20) return undefined
  return {
    page,
    pageSize,
    root: Number(bytes.readBigUInt64LE(16)),
    pages: Number(bytes.readBigUInt64LE(40)),
    transaction: bytes.readBigUInt64LE(48),
  }
}

function withPages(handle: number, meta: Meta, pages: number): Meta {
  const at = meta.page * meta.pageSize + headBytes
  const bytes = bytesAt(handle, at, metaBytes + 8)
  bytes.writeBigUInt64LE(BigInt(pages), 40)
  bytes.writeBigUInt64LE(fnv(bytes.subarray(0, metaBytes)), metaBytes)
  writeSync(handle, bytes, 0, bytes.length, at)
  return { ...meta, pages }
}

function fnv(bytes: Buffer): bigint {
  let hash = 0xcbf29ce484222325n
  for (const byte of bytes) hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn
  return hash
}

function bytesAt(handle: number, at: number, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  if (readSync(handle, bytes, 0, length, at) !== length) throw new Error('the file ends too early')
  return bytes
}
