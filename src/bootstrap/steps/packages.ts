import type { Up } from '../up.ts'

type Machine = Pick<Up, 'host' | 'install' | 'say'>

/** Debian packages a node needs, besides Kobune itself. */
export const nodePackages = [
  'containerd',
  'runc',
  'containernetworking-plugins',
  'nftables',
  'iptables',
  'iproute2',
  'conntrack',
]

/** Programs that tell whether a package's part is there, however it was installed. */
const programs: Readonly<Record<string, string>> = {
  containerd: 'containerd',
  runc: 'runc',
  nftables: 'nft',
  iptables: 'iptables',
  iproute2: 'ip',
  conntrack: 'conntrack',
  'etcd-server': 'etcd',
  'etcd-client': 'etcdctl',
  haproxy: 'haproxy',
}

/** Services that Debian starts with these packages, and that would be in the way of the cluster's own, or of no use. */
const services: Readonly<Record<string, string>> = {
  containerd: 'containerd.service',
  'etcd-server': 'etcd.service',
}

/** Packages whose programs this machine lacks: those of every node, and `more`. */
export async function missingPackages(
  { host }: Pick<Machine, 'host'>,
  more: readonly string[] = [],
): Promise<readonly string[]> {
  const wanted = [...nodePackages, ...more]
  const found = await Promise.all(
    wanted.map(async name => {
      if (name !== 'containernetworking-plugins') return Boolean(await host.processes.find(programs[name]!))
      const folders = ['/usr/lib/cni', '/opt/cni/bin']
      const there = await Promise.all(folders.map(folder => host.files.exists(`${folder}/bridge`)))
      return there.includes(true)
    }),
  )
  return wanted.filter((_, i) => !found[i])
}

/** Installs what is missing. Throws when that is not wanted or not possible, naming the packages. */
export async function installPackages(
  up: Machine,
  note: (text: string) => void,
  more: readonly string[] = [],
): Promise<void> {
  const missing = await missingPackages(up, more)
  const list = missing.join(' ')
  if (!up.install) throw new Error(`these Debian packages are missing: ${list}`)
  if (!(await up.host.packages.supported())) {
    throw new Error(`these programs are missing, and there is no apt here to install them: ${list}`)
  }
  up.say(`  installing Debian packages: ${list}`)
  const off = (await up.host.systemd.running()) ? missing.flatMap(name => services[name] ?? []) : []
  for (const service of off) await up.host.systemd.mask(service)
  try {
    await up.host.packages.install(missing, ({ message }) => note(message))
  } finally {
    for (const service of off) await up.host.systemd.unmask(service)
  }
  if (off.length) up.say(`  not started: ${off.join(', ')}, as the cluster runs its own`)
  const still = await missingPackages(up, more)
  if (still.length) throw new Error(`still missing after the installation: ${still.join(' ')}`)
}
