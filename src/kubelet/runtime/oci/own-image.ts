/**
 * Kobune's own image, packed on this machine: Node with its libraries, the bundled program, and the network programs
 * that its parts drive. No shell: `/kobune` and `/hyperkube` are the program itself, read by `#!/node`.
 */
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { version } from '../../../base/version.ts'
import type { Host } from '../../../host/host.ts'
import type { Cri } from '../../cri/cri.ts'
import { bundleProgram } from './bundle.ts'
import { importImage, topLayer } from './import.ts'
import { type Entry, folderEntries, type PackedImage, packImage } from './pack.ts'
import { programEntries, withParents } from './programs.ts'

export interface OwnImageOptions {
  readonly version: string
  /** The tar to write. */
  readonly out: string
  /** The folder with src/ (a checkout); or `app`, a folder with a bundle already made. */
  readonly source?: string
  readonly app?: string
  /** Folder to work in; default: the system's for temporary files. */
  readonly work?: string
  /** Default: nft, ip, bridge, conntrack and iptables, as far as they are installed here. */
  readonly programs?: readonly string[]
}

const iptables = ['iptables', 'ip6tables'].flatMap(name => [name, `${name}-save`, `${name}-restore`])
const networkPrograms = ['nft', 'ip', 'bridge', 'conntrack', 'ipset', 'ipvsadm', ...iptables]

const nodeOptions = [
  '--disable-warning=ExperimentalWarning',
  '--disable-warning=DEP0123',
  // V8 lets its young generation grow to what a machine with much memory affords. With 1 MB an API server writes a fifth
  // less; more than 4 gains nothing.
  '--max-semi-space-size=4',
  // For components to give memory back when they have nothing to do.
  '--expose-gc',
]

/** The name of Kobune's own image of a version. */
export function ownImageName(version: string): string {
  return `kobune.io/kobune:${version}`
}

const workPrefix = 'kobune-image-'

/** Packs the image; takes some seconds. */
export async function packOwnImage(host: Host, options: OwnImageOptions): Promise<PackedImage> {
  const work = await mkdtemp(join(options.work ?? tmpdir(), workPrefix))
  try {
    let app = options.app
    if (!app) {
      app = join(work, 'app')
      await bundleProgram({ source: options.source ?? sourceFolder(), out: app })
    }
    return await packImage({
      name: ownImageName(options.version),
      out: options.out,
      below: programsOf(host, options.programs ?? networkPrograms),
      entries: codeOf(app),
      config: {
        Entrypoint: ['/kobune'],
        Env: ['PATH=/:/usr/sbin:/usr/bin:/sbin:/bin', `NODE_OPTIONS=${nodeOptions.join(' ')}`, 'MALLOC_ARENA_MAX=2'],
        Labels: { 'org.opencontainers.image.title': 'kobune', 'org.opencontainers.image.version': options.version },
      },
    })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** Kobune's own image, of the version that runs here. */
export const ownImage = ownImageName(version)

/**
 * Makes sure that the runtime has our own image, of the code as it is now: packs and imports it when it is missing, or
 * when a source file changed since. `folder` remembers what was packed last; `packing` is called when that takes a while.
 * Archives are kept in the folder that KOBUNE_IMAGE_CACHE names, if it does, and taken from there.
 */
export async function ensureOwnImage(host: Host, cri: Cri, folder: string, packing = () => {}): Promise<void> {
  const app = await publishedApp(host)
  const stamp = await ownStamp(host)
  const stampFile = join(folder, 'own-image')
  const known = (await host.files.readIfThere(stampFile)) === stamp
  const there = known && (await host.files.exists(join(appFolder(folder, stamp), 'main.js')))
  if (there && (await cri.imageStatus(ownImage))) return
  packing()
  const kept = process.env.KOBUNE_IMAGE_CACHE && join(process.env.KOBUNE_IMAGE_CACHE, `kobune-${version}-${stamp}.tar`)
  await host.files.makeDirectory(folder)
  const archive = join(folder, 'kobune.tar')
  try {
    if (!kept || !(await host.files.exists(kept))) {
      // In a folder of ours: what was cut off leaves its work there.
      for (const name of await host.files.list(folder))
        if (name.startsWith(workPrefix)) await host.files.remove(join(folder, name))
      await packOwnImage(host, { version, out: archive, work: folder, ...(app && { app }) })
      if (kept) await keep(host, archive, kept)
    }
    await importImage(host, cri.socket, kept || archive)
    await keepApp(host, kept || archive, { work: join(folder, `${workPrefix}app`), place: appFolder(folder, stamp) })
    await host.files.write(stampFile, stamp)
  } finally {
    await host.files.remove(archive)
  }
}

/**
 * This program as it stands in the image that was packed of it, for Node to run outside of containers too: it takes half the
 * memory that the modules it is made of take, and does not change under a running process. Undefined when it was never
 * packed here as it is now: another version, or a source file changed.
 */
export async function ownApp(host: Host, folder: string): Promise<string | undefined> {
  const main = join(appFolder(folder, await ownStamp(host)), 'main.js')
  return (await host.files.exists(main)) ? main : undefined
}

/** The folder of the bundle that runs; undefined for a checkout. */
async function publishedApp({ files }: Host): Promise<string | undefined> {
  if (await files.exists(join(sourceFolder(), 'src/cli/main.ts'))) return undefined
  return dirname(new URL(import.meta.url).pathname)
}

/** Changes when the code that runs does: names, sizes and times of its files. */
export async function ownStamp(host: Host): Promise<string> {
  return stampOf(host, (await publishedApp(host)) ?? join(sourceFolder(), 'src'))
}

const appPrefix = 'app-'
const appFolder = (folder: string, stamp: string) => join(folder, `${appPrefix}${stamp.slice(0, 16)}`)

/**
 * Unpacks the program of an archive. Those of other versions stay, 3 MB each: until it is restarted, and after a way back, the
 * agent is one of them.
 */
async function keepApp(
  host: Host,
  archive: string,
  { work, place }: { readonly work: string; readonly place: string },
): Promise<void> {
  await host.files.remove(work)
  await host.files.makeDirectory(work)
  const layer = await topLayer(host, archive)
  await host.processes.run('tar', ['-xf', archive, '-C', work, layer])
  await host.processes.run('tar', ['-xf', join(work, layer), '-C', work, '--no-same-owner', 'app'])
  await host.files.remove(place)
  await host.files.rename(join(work, 'app'), place)
  await host.files.remove(work)
}

/** Machines that share a folder pack once for all of them. None ever sees half of an archive. */
async function keep(host: Host, archive: string, kept: string): Promise<void> {
  await host.files.makeDirectory(dirname(kept))
  const half = `${kept}.${process.pid}-${randomBytes(4).toString('hex')}`
  await host.files.copy(archive, half)
  await host.files.rename(half, kept)
}

async function stampOf(host: Host, folder: string): Promise<string> {
  const hash = createHash('sha256')
  const walk = async (path: string): Promise<void> => {
    const facts = await host.files.facts(path)
    if (facts?.type === 'directory') {
      for (const name of await host.files.list(path)) await walk(join(path, name))
    } else if (facts) hash.update(`${path} ${facts.size} ${facts.modified}\n`)
  }
  await walk(folder)
  return hash.digest('hex')
}

/** The checkout this file stands in. */
function sourceFolder(): string {
  return join(dirname(new URL(import.meta.url).pathname), '../../../..')
}

/** The program: what differs between versions. */
async function* codeOf(app: string): AsyncIterable<Entry> {
  yield { type: 'symlink', path: 'kobune', target: 'app/main.js' }
  yield { type: 'symlink', path: 'hyperkube', target: 'app/main.js' }
  yield { type: 'directory', path: 'app' }
  for await (const entry of folderEntries(app, { under: 'app' })) {
    yield entry.path === 'app/main.js' ? await startedByNode(app) : { ...entry, uid: 0, gid: 0 }
  }
}

/** The program as a file that the kernel starts by itself; a published bundle has no such first line. */
export async function startedByNode(app: string): Promise<Entry> {
  const text = await readFile(join(app, 'main.js'), 'utf8')
  return { type: 'file', path: 'app/main.js', mode: 0o755, content: `#!/node\n${text.replace(/^#!.*\n/, '')}` }
}

/** What it runs on: the same for as long as this machine's programs are. */
async function* programsOf(host: Host, programs: readonly string[]): AsyncIterable<Entry> {
  yield* withParents([
    { type: 'directory', path: 'tmp', mode: 0o1777 },
    { type: 'file', path: 'etc/passwd', content: 'root:x:0:0:root:/:/kobune\nnobody:x:65534:65534:nobody:/:/kobune\n' },
    { type: 'file', path: 'etc/group', content: 'root:x:0:\nnogroup:x:65534:\n' },
    { type: 'file', path: 'etc/nsswitch.conf', content: 'hosts: files dns\n' },
  ])
  const node = { program: process.execPath, at: '/node' }
  yield* await programEntries(host, [node, ...programs.map(program => ({ program }))])
  for (const folder of await xtablesFolders(host)) {
    const under = folder.slice(1)
    for (const entry of withParents([{ type: 'directory', path: under }])) yield entry
    yield* folderEntries(folder, { under })
  }
}

/** Where iptables loads its matches and targets from. */
async function xtablesFolders(host: Host): Promise<readonly string[]> {
  const found: string[] = []
  for (const name of await host.files.list('/usr/lib')) {
    const folder = `/usr/lib/${name}/xtables`
    if (name.endsWith('-linux-gnu') && (await host.files.exists(folder))) found.push(folder)
  }
  return found
}
