import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { readJournal } from '../../bootstrap/journal.ts'
import { paths } from '../../bootstrap/paths.ts'
import { linuxHost } from '../../host/host.ts'
import { criClient } from '../../kubelet/cri/cri.ts'
import { debianRoot } from '../../kubelet/runtime/oci/debian.ts'
import { importImage } from '../../kubelet/runtime/oci/import.ts'
import { type Entry, folderEntries, type ImageConfig, packImage } from '../../kubelet/runtime/oci/pack.ts'
import { programEntries, withParents } from '../../kubelet/runtime/oci/programs.ts'
import type { Call } from '../command.ts'
import { columns, printResult, writeLine } from '../print.ts'
import { progress } from '../progress.ts'
import { UserError } from '../user-error.ts'

/** `kobune image import FILE...` */
export async function importImages({ args: [files] }: Call): Promise<number> {
  await demandRuntime()
  for (const file of files as readonly string[]) {
    if (!(await linuxHost.files.exists(file))) throw new UserError(`${file} does not exist`)
    for (const name of await importImage(linuxHost, paths.containerdSocket, resolve(file))) writeLine(name)
  }
  return 0
}

/** `kobune image build NAME [FOLDER]` */
export async function buildImage({ args, options }: Call): Promise<number> {
  const name = fullName(String(args[0]))
  const folder = args[1] as string | undefined
  const packages = (options.package as string[] | undefined) ?? []
  const programs = (options.program as string[] | undefined) ?? []
  if (!folder && !packages.length && !programs.length) {
    throw new UserError('there is nothing to pack: give a folder, --package or --program', { exitCode: 2 })
  }
  if (folder && (await linuxHost.files.facts(folder))?.type !== 'directory')
    throw new UserError(`${folder} is no folder`)
  const config = configOf(options)
  if (!options.file) await demandRuntime()
  const work = await mkdtemp(join(tmpdir(), 'kobune-build-'))
  const out = options.file ? resolve(String(options.file)) : join(work, 'image.tar')
  try {
    const show = progress()
    await show.step(`Pack ${name}`, async note => {
      const entries = allEntries({ folder, packages, programs, into: String(options.into ?? '/'), work, note })
      await packImage({ name, out, entries, config })
    })
    if (!options.file)
      await show.step('Import it', () => importImage(linuxHost, paths.containerdSocket, out).then(() => {}))
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  writeLine(options.file ? out : name)
  return 0
}

interface Sources {
  readonly folder: string | undefined
  readonly packages: readonly string[]
  readonly programs: readonly string[]
  /** Where in the image the folder goes. */
  readonly into: string
  readonly work: string
  readonly note: (text: string) => void
}

async function* allEntries({ folder, packages, programs, into, work, note }: Sources): AsyncIterable<Entry> {
  const there = new Set<string>()
  const once = function* (entries: Iterable<Entry>) {
    for (const entry of entries) {
      if (entry.type === 'directory' && there.has(entry.path)) continue
      there.add(entry.path)
      yield entry
    }
  }
  if (packages.length) {
    for await (const entry of await debianRoot(linuxHost, { packages, folder: work, onPackage: note }))
      yield* once([entry])
  }
  yield* once(withParents([{ type: 'directory', path: 'tmp', mode: 0o1777 }]))
  yield* once(
    await programEntries(
      linuxHost,
      programs.map(program => ({ program })),
    ),
  )
  if (!folder) return
  const under = into.replace(/^\/+|\/+$/g, '')
  if (under) yield* once(withParents([{ type: 'directory', path: under }]))
  for await (const entry of folderEntries(resolve(folder), under ? { under } : {}))
    yield* once([{ ...entry, uid: 0, gid: 0 }])
}

function configOf(options: Call['options']): ImageConfig {
  const list = (name: 'cmd' | 'entrypoint') => {
    if (options[name] === undefined) return undefined
    try {
      const value: unknown = JSON.parse(String(options[name]))
      if (Array.isArray(value) && value.every(part => typeof part === 'string')) return value as string[]
    } catch {
      // Told below.
    }
    throw new UserError(`--${name}: ${options[name]} is no JSON list of texts such as '["/app"]'`, { exitCode: 2 })
  }
  const entrypoint = list('entrypoint')
  const cmd = list('cmd')
  const env = (options.env as string[] | undefined) ?? []
  return {
    ...(entrypoint && { Entrypoint: entrypoint }),
    ...(cmd && { Cmd: cmd }),
    Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', ...env],
    ...(options.user ? { User: String(options.user) } : {}),
    ...(options.workdir ? { WorkingDir: String(options.workdir) } : {}),
  }
}

/** `redis:7` is `docker.io/library/redis:7`, and no tag is `latest`, as runtimes read names of images. */
function fullName(name: string): string {
  if (!/^[a-z0-9][a-zA-Z0-9._/:@-]*$/.test(name)) {
    throw new UserError(`${JSON.stringify(name)} is no name of an image such as example.com/app:1`, { exitCode: 2 })
  }
  const [first = '', ...rest] = name.split('/')
  const hasRegistry = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost')
  const qualified = hasRegistry ? name : rest.length ? `docker.io/${name}` : `docker.io/library/${name}`
  return /:[^/]+$/.test(qualified) ? qualified : `${qualified}:latest`
}

/** `kobune image list` */
export async function listImages({ options }: Call): Promise<number> {
  await demandRuntime()
  const cri = criClient({ socket: paths.containerdSocket })
  try {
    const found = await cri.listImages()
    const images = found.map(image => ({ id: image.id, names: image.repoTags, size: image.size }))
    await printResult(options.output, images, all =>
      columns([
        ['IMAGE', 'ID', 'SIZE'],
        ...all.map(({ id, names, size }) => [
          names[0] ?? '<none>',
          id.replace('sha256:', '').slice(0, 12),
          `${(Number(size) / 1e6).toFixed(1)} MB`,
        ]),
      ]),
    )
    return 0
  } finally {
    cri.close()
  }
}

async function demandRuntime(): Promise<void> {
  if (await linuxHost.files.exists(paths.containerdSocket)) return
  throw new UserError('no cluster runs on this machine', {
    hint: (await readJournal(linuxHost)) ? 'kobune nodes start' : 'kobune up, kobune init, or kobune join',
  })
}
