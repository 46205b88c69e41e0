import { nodePackages } from '../preflight.ts'
import type { Up } from '../up.ts'

/** Programs that tell whether a package's part is there, however it was installed. */
const programs: Readonly<Record<string, string>> = {
  containerd: 'containerd',
  runc: 'runc',
  nftables: 'nft',
  iptables: 'iptables',
  iproute2: 'ip',
  conntrack: 'conntrack',
}

/** Packages whose programs this machine lacks. */
export async function missingPackages({ host }: Pick<Up, 'host'>): Promise<readonly string[]> {
  const found = await Promise.all(
    nodePackages.map(async name => {
      if (name !== 'containernetworking-plugins') return Boolean(await host.processes.find(programs[name]!))
      const folders = ['/usr/lib/cni', '/opt/cni/bin']
      const there = await Promise.all(folders.map(folder => host.files.exists(`${folder}/bridge`)))
      return there.includes(true)
    }),
  )
  return nodePackages.filter((_, i) => !found[i])
}

/** Installs what is missing. Throws when that is not wanted or not possible, naming the packages. */
export async function installPackages(up: Up, note: (text: string) => void): Promise<void> {
  const missing = await missingPackages(up)
  const list = missing.join(' ')
  if (!up.install) throw new Error(`these Debian packages are missing: ${list}`)
  if (!(await up.host.packages.supported())) {
    throw new Error(`these programs are missing, and there is no apt here to install them: ${list}`)
  }
  up.say(`  installing Debian packages: ${list}`)
  await up.host.packages.install(missing, ({ message }) => note(message))
  const still = await missingPackages(up)
  if (still.length) throw new Error(`still missing after the installation: ${still.join(' ')}`)
}
