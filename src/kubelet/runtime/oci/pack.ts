/**
 * Writes container images without a registry or a daemon: one uncompressed layer, as an OCI-layout tar that
 * `ctr images import` reads. The same entries give the same digests: times are 0 and the order is the caller's.
 */
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { lstat, readdir, readlink, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { finished, pipeline } from 'node:stream/promises'
import { type Pack, pack } from 'tar-stream'

/** One thing in the root file system. `path` has no leading slash; parent folders are the caller's to give. */
export type Entry = { readonly path: string; readonly mode?: number; readonly uid?: number; readonly gid?: number } & (
  | { readonly type: 'file'; readonly content: string | Uint8Array | { readonly file: string } }
  | { readonly type: 'directory' }
  | { readonly type: 'symlink'; readonly target: string }
)

/** What a container of the image runs by default, in Docker's words. */
export interface ImageConfig {
  readonly Entrypoint?: readonly string[]
  readonly Cmd?: readonly string[]
  readonly Env?: readonly string[]
  readonly User?: string
  readonly WorkingDir?: string
  readonly ExposedPorts?: Readonly<Record<string, object>>
  readonly Labels?: Readonly<Record<string, string>>
  readonly StopSignal?: string
}

export interface PackOptions {
  /** With registry and tag: `docker.io/library/redis:7`. The name it has after import. */
  readonly name: string
  /** The tar to write. */
  readonly out: string
  readonly entries: Iterable<Entry> | AsyncIterable<Entry>
  readonly config: ImageConfig
  /** Default: this machine's. */
  readonly architecture?: 'amd64' | 'arm64'
}

export interface PackedImage {
  /** Of the manifest, `sha256:...`. */
  readonly digest: string
  readonly size: number
}

interface Blob {
  readonly digest: string
  readonly size: number
}

/** The OCI name of the processor this process runs on. */
export function ownArchitecture(): 'amd64' | 'arm64' {
  return process.arch === 'arm64' ? 'arm64' : 'amd64'
}

/** Packs an image; memory use does not depend on its size. */
export async function packImage(options: PackOptions): Promise<PackedImage> {
  const architecture = options.architecture ?? ownArchitecture()
  const layerFile = `${options.out}.layer`
  try {
    const layer = await writeLayer(layerFile, options.entries)
    const config = blob({
      architecture,
      os: 'linux',
      config: options.config,
      rootfs: { type: 'layers', diff_ids: [layer.digest] },
      history: [{ created_by: 'kobune image build' }],
    })
    const manifest = blob({
      schemaVersion: 2,
      mediaType: manifestType,
      config: descriptor('application/vnd.oci.image.config.v1+json', config),
      layers: [descriptor('application/vnd.oci.image.layer.v1.tar', layer)],
    })
    const index = {
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: [
        {
          ...descriptor(manifestType, manifest),
          platform: { os: 'linux', architecture },
          annotations: {
            'io.containerd.image.name': options.name,
            'org.opencontainers.image.ref.name': options.name.slice(options.name.lastIndexOf(':') + 1),
          },
        },
      ],
    }
    await writeTar(options.out, async tar => {
      await addFile(tar, 'oci-layout', Buffer.from('{"imageLayoutVersion":"1.0.0"}'))
      await addFile(tar, 'index.json', Buffer.from(JSON.stringify(index)))
      for (const each of [manifest, config]) await addFile(tar, blobPath(each), each.content)
      await addFile(tar, blobPath(layer), { file: layerFile })
    })
    return { digest: manifest.digest, size: layer.size }
  } finally {
    await rm(layerFile, { force: true })
  }
}

const manifestType = 'application/vnd.oci.image.manifest.v1+json'

function blob(value: object): Blob & { readonly content: Buffer } {
  const content = Buffer.from(JSON.stringify(value))
  return { content, size: content.length, digest: `sha256:${createHash('sha256').update(content).digest('hex')}` }
}

function descriptor(mediaType: string, { digest, size }: Blob): object {
  return { mediaType, digest, size }
}

function blobPath({ digest }: Blob): string {
  return `blobs/sha256/${digest.slice('sha256:'.length)}`
}

async function writeLayer(file: string, entries: PackOptions['entries']): Promise<Blob> {
  return writeTar(file, async tar => {
    for await (const entry of entries) {
      const { path, uid = 0, gid = 0 } = entry
      if (entry.type === 'file') await addFile(tar, path, entry.content, { mode: entry.mode ?? 0o644, uid, gid })
      if (entry.type === 'directory') add(tar, { name: path, type: 'directory', mode: entry.mode ?? 0o755, uid, gid })
      if (entry.type === 'symlink') {
        add(tar, { name: path, type: 'symlink', linkname: entry.target, mode: 0o777, uid, gid })
      }
    }
  })
}

/** Writes a tar with what `fill` adds, and says what was written. */
async function writeTar(file: string, fill: (tar: Pack) => Promise<void>): Promise<Blob> {
  const tar = pack()
  const hash = createHash('sha256')
  const out = createWriteStream(file)
  let size = 0
  const counted = new Writable({
    write(bytes: Buffer, _, done) {
      hash.update(bytes)
      size += bytes.length
      if (out.write(bytes)) done()
      else out.once('drain', done)
    },
    final: done => void out.end(done),
    destroy: (error, done) => void out.destroy(error ?? undefined).once('close', () => done(error)),
  })
  out.on('error', error => counted.destroy(error))
  const written = pipeline(tar, counted)
  try {
    await Promise.race([fill(tar).then(() => tar.finalize()), written])
  } catch (error) {
    tar.destroy(error as Error)
    await written.catch(() => {})
    throw error
  }
  await written
  return { digest: `sha256:${hash.digest('hex')}`, size }
}

interface Header {
  readonly name: string
  readonly type?: 'file' | 'directory' | 'symlink'
  readonly linkname?: string
  readonly mode?: number
  readonly uid?: number
  readonly gid?: number
}

function add(tar: Pack, header: Header): void {
  tar.entry({ ...header, size: 0, mtime: new Date(0) })
}

async function addFile(
  tar: Pack,
  name: string,
  content: string | Uint8Array | { readonly file: string },
  header: Omit<Header, 'name'> = {},
): Promise<void> {
  const mtime = new Date(0)
  if (typeof content === 'object' && 'file' in content) {
    const { size } = await stat(content.file)
    const entry = tar.entry({ ...header, name, size, mtime })
    await pipeline(createReadStream(content.file), entry)
    return
  }
  const bytes = Buffer.from(content)
  const entry = tar.entry({ ...header, name, size: bytes.length, mtime })
  const ended = finished(entry)
  entry.end(bytes)
  await ended
}

/** Everything in a folder of this machine, as it stands there, sorted by name. Devices and sockets are left out. */
export async function* folderEntries(
  folder: string,
  options: { readonly under?: string; readonly skip?: (path: string) => boolean } = {},
): AsyncIterable<Entry> {
  const { under = '', skip } = options
  for (const name of (await readdir(folder)).sort()) {
    const path = under ? `${under}/${name}` : name
    if (skip?.(path)) continue
    const file = join(folder, name)
    const stats = await lstat(file)
    const facts = { path, mode: stats.mode & 0o7777, uid: stats.uid, gid: stats.gid }
    if (stats.isSymbolicLink()) yield { ...facts, type: 'symlink', target: await readlink(file) }
    else if (stats.isFile()) yield { ...facts, type: 'file', content: { file } }
    else if (stats.isDirectory()) {
      yield { ...facts, type: 'directory' }
      yield* folderEntries(file, { under: path, ...(skip ? { skip } : {}) })
    }
  }
}
