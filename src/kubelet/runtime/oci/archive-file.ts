/** An image's archive while it is written: layers go straight into it, in one pass over what they are made of. */
import { createHash } from 'node:crypto'
import { open, rm, stat } from 'node:fs/promises'
import { tarEnd, tarHeader, tarPadding } from '../../../base/tar.ts'
import type { Entry } from './pack.ts'

export type Entries = Iterable<Entry> | AsyncIterable<Entry>

/** What an archive calls by its hash, `sha256:...`. */
export interface Blob {
  readonly digest: string
  readonly size: number
}

/** Where a blob stands in an archive. */
export function blobPath({ digest }: Blob): string {
  return `blobs/sha256/${digest.slice('sha256:'.length)}`
}

/** How much is read and written at once. */
const chunk = 1 << 20

/** The archive as it is written, from its beginning to its end. */
export interface ArchiveFile {
  /** Bytes so far. */
  readonly size: number
  write(bytes: Uint8Array): Promise<void>
  /** Over what was written before. */
  writeAt(bytes: Uint8Array, at: number): Promise<void>
}

/** Writes an archive by `fill`. It does not stay when it cannot be written to its end. */
export async function writingFile<T>(path: string, fill: (file: ArchiveFile) => Promise<T>): Promise<T> {
  const handle = await open(path, 'w')
  let size = 0
  const writeAt = async (bytes: Uint8Array, at: number) => {
    for (let done = 0; done < bytes.length; ) {
      done += (await handle.write(bytes, done, bytes.length - done, at + done)).bytesWritten
    }
  }
  try {
    const result = await fill({
      get size() {
        return size
      },
      writeAt,
      async write(bytes) {
        await writeAt(bytes, size)
        size += bytes.length
      },
    })
    await handle.close()
    return result
  } catch (error) {
    await handle.close()
    await rm(path, { force: true })
    throw error
  }
}

/** Adds a small file. */
export async function addBytes(file: ArchiveFile, path: string, bytes: Buffer): Promise<void> {
  const header = tarHeader({ path, type: 'file', mode: 0o644, size: bytes.length })
  await file.write(Buffer.concat([header, bytes, tarPadding(bytes.length)]))
}

/** Writes a layer straight into the archive. Its name there is its hash, so its header comes last. */
export async function writeLayer(file: ArchiveFile, entries: Entries): Promise<Blob> {
  const at = file.size
  const header = (layer: Blob) => tarHeader({ path: blobPath(layer), type: 'file', mode: 0o644, size: layer.size })
  await file.write(Buffer.alloc(header({ digest: noDigest, size: 0 }).length))
  const from = file.size
  const hash = createHash('sha256')
  const gathered = Buffer.allocUnsafe(chunk)
  let filled = 0
  const flush = async () => {
    const bytes = gathered.subarray(0, filled)
    hash.update(bytes)
    await file.write(bytes)
    filled = 0
  }
  const add = async (bytes: Uint8Array) => {
    for (let done = 0; done < bytes.length; ) {
      const part = bytes.subarray(done, done + gathered.length - filled)
      gathered.set(part, filled)
      filled += part.length
      done += part.length
      if (filled === gathered.length) await flush()
    }
  }
  const addFile = async (path: string, size: number) => {
    const handle = await open(path)
    try {
      for (let left = size; left > 0; ) {
        if (filled === gathered.length) await flush()
        const { bytesRead } = await handle.read(gathered, filled, Math.min(left, gathered.length - filled))
        if (bytesRead === 0) throw new Error(`${path} became shorter while it was packed`)
        filled += bytesRead
        left -= bytesRead
      }
    } finally {
      await handle.close()
    }
  }
  for await (const entry of entries) {
    const { path, type, uid = 0, gid = 0 } = entry
    const facts = { path, type, uid, gid }
    if (entry.type === 'directory') await add(tarHeader({ ...facts, mode: entry.mode ?? 0o755 }))
    else if (entry.type === 'symlink') await add(tarHeader({ ...facts, mode: 0o777, target: entry.target }))
    else {
      const { content } = entry
      const there = typeof content === 'object' && 'file' in content ? content.file : undefined
      const bytes = there === undefined ? Buffer.from(content as string | Uint8Array) : undefined
      const size = bytes ? bytes.length : (await stat(there!)).size
      await add(tarHeader({ ...facts, mode: entry.mode ?? 0o644, size }))
      if (bytes) await add(bytes)
      else await addFile(there!, size)
      await add(tarPadding(size))
    }
  }
  await add(tarEnd)
  await flush()
  const layer = { digest: `sha256:${hash.digest('hex')}`, size: file.size - from }
  await file.writeAt(header(layer), at)
  return layer
}

const noDigest = `sha256:${'0'.repeat(64)}`
