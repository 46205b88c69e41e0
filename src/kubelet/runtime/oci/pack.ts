/**
 * Writes container images without a registry or a daemon: one or two uncompressed layers, as an OCI-layout tar that
 * `ctr images import` reads. The same entries give the same digests: times are 0 and the order is the caller's.
 */
import { createHash } from 'node:crypto'
import { lstat, readdir, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { tarEnd } from '../../../base/tar.ts'
import { addBytes, type Blob, blobPath, type Entries, writeLayer, writingFile } from './archive-file.ts'

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
  readonly entries: Entries
  /** What changes more rarely, as a layer below: images that have the same share it. */
  readonly below?: Entries
  readonly config: ImageConfig
  /** Default: this machine's. */
  readonly architecture?: 'amd64' | 'arm64'
}

export interface PackedImage {
  /** Of the manifest, `sha256:...`. */
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
  return writingFile(options.out, async file => {
    await addBytes(file, 'oci-layout', Buffer.from('{"imageLayoutVersion":"1.0.0"}'))
    const layers: Blob[] = []
    for (const entries of [options.below, options.entries]) if (entries) layers.push(await writeLayer(file, entries))
    const config = blob({
      architecture,
      os: 'linux',
      config: options.config,
      rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
      history: layers.map(() => ({ created_by: 'kobune image build' })),
    })
    const manifest = blob({
      schemaVersion: 2,
      mediaType: manifestType,
      config: descriptor('application/vnd.oci.image.config.v1+json', config),
      layers: layers.map(layer => descriptor('application/vnd.oci.image.layer.v1.tar', layer)),
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
    for (const each of [manifest, config]) await addBytes(file, blobPath(each), each.content)
    await addBytes(file, 'index.json', Buffer.from(JSON.stringify(index)))
    await file.write(tarEnd)
    return { digest: manifest.digest, size: layers.reduce((all, { size }) => all + size, 0) }
  })
}

const manifestType = 'application/vnd.oci.image.manifest.v1+json'

function blob(value: object): Blob & { readonly content: Buffer } {
  const content = Buffer.from(JSON.stringify(value))
  return { content, size: content.length, digest: `sha256:${createHash('sha256').update(content).digest('hex')}` }
}

function descriptor(mediaType: string, { digest, size }: Blob): object {
  return { mediaType, digest, size }
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
