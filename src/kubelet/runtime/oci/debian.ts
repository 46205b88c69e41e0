/**
 * Root file systems out of Debian packages: downloaded with what they need and unpacked into a folder. Nothing is
 * installed on this machine, and the packages' own scripts do not run.
 */
import { join } from 'node:path'
import type { Host } from '../../../host/host.ts'
import { HostError } from '../../../host/host-error.ts'
import { type Entry, folderEntries } from './pack.ts'

export interface DebianRootOptions {
  /** Names, or NAME=VERSION. */
  readonly packages: readonly string[]
  /** Gets `archives/` (kept for the next time) and `root/` (made anew). */
  readonly folder: string
  readonly onPackage?: (file: string) => void
}

const downloadTimeout = 15 * 60_000
const unpackTimeout = 5 * 60_000
const unwanted =
  /^usr\/share\/(doc|man|info|locale|lintian|bug|bash-completion|zsh|fish|i18n)(\/|$)|^(usr\/)?lib\/systemd(\/|$)/

/** What only the scripts of packages call, which we do not run. */
const forScripts: ReadonlySet<string> = new Set([
  'adduser',
  'debconf',
  'dpkg',
  'init-system-helpers',
  'lsb-base',
  'passwd',
  'sysvinit-utils',
  'tar',
  'usr-is-merged',
  'usrmerge',
])

/** Answers the entries of the root file system, to pack into an image. Package lists that lack a package, or are old, are updated. */
export async function debianRoot(host: Host, options: DebianRootOptions): Promise<AsyncIterable<Entry>> {
  const bad = options.packages.find(name => !/^[a-z0-9][a-z0-9+.-]*(=\S+)?$/.test(name))
  if (bad !== undefined || options.packages.length === 0) {
    const message = 'package names are lower case letters, digits, + - .'
    throw new HostError({ verb: 'unpack', target: bad ?? 'no packages', code: 'invalid', message })
  }
  const archives = join(options.folder, 'archives')
  const root = join(options.folder, 'root')
  await host.files.remove(root)
  await host.files.makeDirectory(root)
  const asked = new Set(options.packages.map(name => name.split('=')[0]!))
  for (const file of await downloadFresh(host, options.packages, archives)) {
    const name = file.split('_')[0]!
    if (forScripts.has(name) && !asked.has(name)) continue
    options.onPackage?.(file)
    await host.processes.run('dpkg-deb', ['--extract', join(archives, file), root], { timeout: unpackTimeout })
  }
  await finishRoot(host, root)
  return mergedEntries(root)
}

/** What apt says when its lists are missing, or name files that the archive has replaced since. */
const staleLists =
  /Unable to locate package|has no installation candidate|Version '.*' for '.*' was not found|404 +Not Found/

/** As `download`; once more with new package lists when that may be the reason why it fails. */
async function downloadFresh(host: Host, packages: readonly string[], archives: string): Promise<readonly string[]> {
  try {
    return await download(host, packages, archives)
  } catch (error) {
    if (!(error instanceof HostError && staleLists.test(error.stderr))) throw error
    const update = ['update', '-q', '-o', 'Acquire::Retries=3']
    await host.processes.run('apt-get', update, { timeout: downloadTimeout, env: { LC_ALL: 'C' } })
  }
  return download(host, packages, archives).catch(error => {
    const lines = error instanceof HostError ? error.stderr.match(/^E: .*(?:\n|$)/gm) : null
    const told = (lines ?? []).map(line => line.trim()).filter(line => !/ usr-is-merged$/.test(line))
    if (!told.length) throw error
    const message = told.join('; ')
    throw new HostError({ verb: 'download', target: packages.join(', '), code: 'exit', message })
  })
}

/** Downloads as onto a machine where nothing is installed; answers the files this took. */
async function download(host: Host, packages: readonly string[], archives: string): Promise<readonly string[]> {
  await host.files.makeDirectory(join(archives, 'partial'))
  const apt = (...args: readonly string[]) =>
    // Without usr-is-merged apt takes usrmerge, and that takes Perl.
    host.processes.run('apt-get', [...aptOptions(archives), ...args, 'install', ...packages, 'usr-is-merged'], {
      timeout: downloadTimeout,
      env: { DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' },
    })
  // Asked before downloading: what is there already is not listed afterwards.
  const wanted = (await apt('--simulate')).stdout.split('\n').flatMap(line => {
    const match = /^Inst (\S+?)(?::\S+)? \((\S+) .*\[(\S+)\]\)/.exec(line)
    return match ? [`${match[1]}_${match[2]!.replace(/:/g, '%3a')}_${match[3]}.deb`] : []
  })
  await apt('--download-only')
  return wanted
}

function aptOptions(archives: string): readonly string[] {
  const settings = {
    'Dir::State::status': '/dev/null',
    'Dir::Cache::archives': archives,
    'APT::Install-Recommends': 'false',
    'APT::Sandbox::User': 'root',
    'Debug::NoLocking': 'true',
    'Acquire::Retries': '3',
  }
  return ['-q', '-y', ...Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`])]
}

const merged = ['bin', 'sbin', 'lib', 'lib64']

/** Debian's merged /usr: some packages still have files in /bin and /lib, which are links to /usr/bin and /usr/lib. */
async function* mergedEntries(root: string): AsyncIterable<Entry> {
  yield { type: 'directory', path: 'usr' }
  for (const name of merged) {
    yield { type: 'directory', path: `usr/${name}` }
    yield { type: 'symlink', path: name, target: `usr/${name}` }
  }
  for await (const entry of folderEntries(root, { skip: path => unwanted.test(path) })) {
    if (merged.includes(entry.path) || entry.path === 'usr') continue
    yield merged.includes(entry.path.split('/')[0]!) ? { ...entry, path: `usr/${entry.path}` } : entry
  }
}

const passwd = [
  'root:x:0:0:root:/root:/bin/sh',
  'daemon:x:1:1::/:/usr/sbin/nologin',
  'nobody:x:65534:65534::/:/usr/sbin/nologin',
]

/** What the packages' scripts would have made, as far as programs in containers need it. */
async function finishRoot(host: Host, root: string): Promise<void> {
  const missing = async (path: string, text: string) => {
    if (!(await host.files.exists(join(root, path)))) await host.files.write(join(root, path), text)
  }
  await missing('etc/passwd', `${passwd.join('\n')}\n`)
  await missing('etc/group', 'root:x:0:\ndaemon:x:1:\nnogroup:x:65534:\n')
  await missing('etc/nsswitch.conf', 'passwd: files\ngroup: files\nhosts: files dns\n')
  const has = async (name: string) =>
    (await host.files.exists(join(root, 'bin', name))) || (await host.files.exists(join(root, 'usr/bin', name)))
  if ((await has('dash')) && !(await has('sh'))) await host.files.symlink('dash', join(root, 'bin/sh'))
  for (const folder of ['tmp', 'var/tmp', 'run']) {
    await host.files.makeDirectory(join(root, folder), { mode: folder === 'run' ? 0o755 : 0o1777 })
  }
}
