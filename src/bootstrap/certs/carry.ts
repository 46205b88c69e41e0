/** What `certs export` takes from a machine of the control plane, and `certs import` brings to the next one. */
import { join } from 'node:path'
import { disk } from '../../pki/disk.ts'
import type { PkiFiles } from '../../pki/files.ts'
import type { Bundle } from './sealed-bundle.ts'
import { sharedFiles } from './shared-files.ts'

interface Carried {
  readonly path: string
  readonly mode: 0o600 | 0o644
}

/** Files for a stacked etcd, or those with which an API server reaches an external one. */
const carried: readonly Carried[] = [
  ...sharedFiles(),
  { path: 'apiserver-etcd-client.crt', mode: 0o644 },
  { path: 'apiserver-etcd-client.key', mode: 0o600 },
]
const needed = ['ca.crt', 'front-proxy-ca.crt', 'sa.key', 'sa.pub']
const ofExternalEtcd = (path: string) => path.startsWith('apiserver-etcd-client')

/**
 * The shared files of `dir`. The client certificate for etcd is among them only when etcd's authority is not ours to
 * use: otherwise each machine makes its own. Throws when a file is missing that every machine needs.
 */
export async function collectBundle(dir: string, files: PkiFiles = disk): Promise<Bundle> {
  const found = await Promise.all(carried.map(async ({ path }) => [path, await files.read(join(dir, path))] as const))
  const there = new Map(found.filter((entry): entry is [string, string] => entry[1] !== undefined))
  const missing = needed.filter(path => !there.has(path))
  if (missing.length > 0) throw new Error(`${dir} lacks ${missing.join(', ')}: is this a machine of the control plane?`)
  const ownEtcd = there.has('etcd/ca.key')
  return Object.fromEntries([...there].filter(([path]) => !ofExternalEtcd(path) || !ownEtcd))
}

/** What became of one file. */
export interface Imported {
  readonly path: string
  readonly did: 'written' | 'replaced' | 'kept'
}

/**
 * Writes the files of a bundle into `dir`. One that is there with the same content is kept. Others are replaced with
 * `force` only; without it nothing at all is written, and the error names them.
 */
export async function placeBundle(
  dir: string,
  bundle: Bundle,
  { force = false, files = disk }: { readonly force?: boolean; readonly files?: PkiFiles } = {},
): Promise<Imported[]> {
  const unknown = Object.keys(bundle).filter(path => !carried.some(known => known.path === path))
  if (unknown.length > 0) throw new Error(`the bundle has files that do not belong in it: ${unknown.join(', ')}`)
  const plan = await Promise.all(
    carried.flatMap(({ path, mode }) => {
      const content = Object.hasOwn(bundle, path) ? bundle[path] : undefined
      if (typeof content !== 'string') return []
      return [files.read(join(dir, path)).then(held => ({ path: join(dir, path), mode, content, held }))]
    }),
  )
  const differing = plan.filter(({ held, content }) => held !== undefined && held !== content)
  if (differing.length > 0 && !force) {
    const names = differing.map(({ path }) => path).join(', ')
    throw new Error(`other files are there already, and nothing was written: ${names}. --force replaces them`)
  }
  const done: Imported[] = []
  for (const { path, mode, content, held } of plan) {
    if (held !== content) await files.write(path, content, mode)
    done.push({ path, did: held === undefined ? 'written' : held === content ? 'kept' : 'replaced' })
  }
  return done
}
