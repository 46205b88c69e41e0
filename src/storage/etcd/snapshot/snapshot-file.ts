/** Snapshots of etcd as files: a database and, after it, its sha256. */
import { createHash } from 'node:crypto'
import {
  closeSync,
  constants,
  copyFileSync,
  createReadStream,
  fsyncSync,
  ftruncateSync,
  openSync,
  writeSync,
} from 'node:fs'
import { stat } from 'node:fs/promises'
import { crc32c } from '../../../base/crc32c.ts'
import type { SnapshotStatus } from '../../snapshot-status.ts'
import { type Bolt, boltFile } from './bolt.ts'

const sumBytes = 32
/** The bucket of all keys at all revisions. */
const keys = 'key'

/** Throws unless the file is whole: it ends with the sha256 of what is before. */
export async function verifyEtcdSnapshot(file: string): Promise<void> {
  const { size } = await stat(file)
  if (size % 512 !== sumBytes) {
    throw new Error(
      `${file} has no checksum at its end: it was not written to its end, or is a copy of etcd's own database file`,
    )
  }
  const hash = createHash('sha256')
  for await (const bytes of createReadStream(file, { end: size - sumBytes - 1 })) hash.update(bytes as Buffer)
  let sum = Buffer.alloc(0)
  for await (const bytes of createReadStream(file, { start: size - sumBytes }))
    sum = Buffer.concat([sum, bytes as Buffer])
  if (!hash.digest().equals(sum))
    throw new Error(`${file} is damaged: its content does not have the checksum at its end`)
}

/** The figures that `etcdctl snapshot status` prints. */
export function etcdSnapshotStatus(file: string): SnapshotStatus {
  return opened(file, 'r', bolt => {
    let hash = 0
    let totalKey = 0
    let revision = 0
    for (const bucket of bolt.buckets()) {
      hash = crc32c(Buffer.from(bucket), hash)
      for (const { key, value } of bolt.entries(bucket)) {
        hash = crc32c(value, crc32c(key, hash))
        totalKey++
        if (bucket === keys) revision = revisionOf(key)
      }
    }
    return { kind: 'etcd', hash: hash.toString(16).padStart(8, '0'), revision, totalKey, totalSize: bolt.size }
  })
}

/** The value that a key had last; undefined when it had none. */
export function etcdSnapshotValue(file: string, wanted: string): Buffer | undefined {
  const name = Buffer.from(wanted)
  return opened(file, 'r', bolt => {
    let found: Buffer | undefined
    for (const { key, value } of bolt.entries(keys)) {
      const { name: of, content } = keyValueOf(value)
      // A deletion has a mark behind its revision.
      if (of?.equals(name)) found = key.length > 17 ? undefined : Buffer.from(content ?? [])
    }
    return found
  })
}

/** Addresses for clients of the members that a database of etcd (or a snapshot) knows. */
export function etcdMembersIn(file: string): readonly string[] {
  return opened(file, 'r', bolt => {
    if (!bolt.buckets().includes('members')) return []
    return [...bolt.entries('members')].flatMap(({ value }) => {
      const { clientURLs } = JSON.parse(value.toString('utf8')) as { readonly clientURLs?: readonly string[] | null }
      return clientURLs?.slice(0, 1) ?? []
    })
  })
}

/**
 * Copies a snapshot and gives it a revision that is `by` higher, so that a store restored from it answers no revision that
 * its clients have seen before with other content. `to` must not exist.
 */
export async function bumpEtcdSnapshot(from: string, to: string, by: number): Promise<{ readonly revision: number }> {
  copyFileSync(from, to, constants.COPYFILE_EXCL)
  const revision = opened(to, 'r+', (bolt, handle) => {
    let last = 0
    for (const { key } of bolt.entries(keys)) last = revisionOf(key)
    const next = last + by
    ftruncateSync(handle, bolt.size)
    const key = Buffer.alloc(17)
    key.writeBigUInt64BE(BigInt(next))
    key.write('_', 8)
    bolt.append(keys, key, keyValue('kobune.io/restored', next, new Date().toISOString()))
    fsyncSync(handle)
    return next
  })
  const hash = createHash('sha256')
  for await (const bytes of createReadStream(to)) hash.update(bytes as Buffer)
  const handle = openSync(to, 'a')
  writeSync(handle, hash.digest())
  fsyncSync(handle)
  closeSync(handle)
  return { revision }
}

function opened<T>(file: string, how: 'r' | 'r+', work: (bolt: Bolt, handle: number) => T): T {
  const handle = openSync(file, how)
  try {
    return work(boltFile(handle), handle)
  } catch (cause) {
    throw new Error(`${file}: ${(cause as Error).message}`, { cause })
  } finally {
    closeSync(handle)
  }
}

const revisionOf = (key: Buffer) => Number(key.readBigUInt64BE(0))

/** Of a protobuf KeyValue, its key (field 1) and its value (field 5). */
function keyValueOf(bytes: Buffer): { readonly name?: Buffer; readonly content?: Buffer } {
  const found: { name?: Buffer; content?: Buffer } = {}
  let at = 0
  const number = () => {
    let value = 0
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++] ?? 0
      value += (byte & 127) * factor
      if (byte < 128) return value
    }
  }
  while (at < bytes.length) {
    const tag = number()
    if ((tag & 7) !== 2) number()
    else {
      const length = number()
      const part = bytes.subarray(at, at + length)
      at += length
      if (tag >> 3 === 1) found.name = part
      if (tag >> 3 === 5) found.content = part
    }
  }
  return found
}

function keyValue(key: string, revision: number, value: string): Buffer {
  const number = (of: number): number[] => (of < 128 ? [of] : [(of % 128) + 128, ...number(Math.floor(of / 128))])
  const text = (field: number, of: string) => [field * 8 + 2, ...number(Buffer.byteLength(of)), ...Buffer.from(of)]
  return Buffer.from([
    ...text(1, key),
    2 * 8,
    ...number(revision),
    3 * 8,
    ...number(revision),
    4 * 8,
    1,
    ...text(5, value),
  ])
}
