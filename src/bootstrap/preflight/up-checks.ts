/** Looks at the machine before anything changes. Each check that fails says what to do about it. */

import { statfs } from 'node:fs/promises'
import { createServer } from 'node:net'
import { delay } from '../../base/clock.ts'
import type { Host } from '../../host/host.ts'
import { paths } from '../paths.ts'
import type { Settings } from '../settings.ts'
import { readUserKubeconfig } from '../steps/kubeconfig.ts'
import type { Finding } from './finding.ts'

type Check = (host: Host, settings: Settings) => Promise<Omit<Finding, 'check'> | undefined>

/** The least free space that images and the database can do with, bytes. */
const leastSpace = 1 << 30

const checks: Readonly<Record<string, Check>> = {
  IsPrivilegedUser: async () =>
    process.getuid?.() === 0 ? undefined : { message: 'this needs root', mend: 'sudo ./kobune up' },
  Cgroups: async host =>
    host.cgroups().then(
      () => undefined,
      error => ({ message: `no usable cgroups: ${(error as Error).message}`, mend: 'mount | grep cgroup' }),
    ),
  Kubeadm: async host => {
    const message = 'this machine is a node made by kobune init or join'
    return (await host.files.exists(paths.journal)) ? { message, mend: 'kobune reset' } : undefined
  },
  DirAvailable: async host => {
    const foreign = (await host.files.exists(paths.adminConf)) && !(await host.files.exists(paths.state))
    const message = `${paths.adminConf} belongs to another cluster on this machine`
    return foreign ? { message, mend: 'remove that cluster first, for example: kubeadm reset' } : undefined
  },
  DiskSpace: diskSpace,
  Kubeconfig: async host =>
    readUserKubeconfig(host).then(
      () => undefined,
      error => ({ message: (error as Error).message, mend: 'KUBECONFIG=/root/kobune.conf kobune up' }),
    ),
}

/** The least free space that is there for images and state, and what is said when it is not. */
export async function diskSpace(): Promise<Omit<Finding, 'check'> | undefined> {
  const { bavail, bsize } = await statfs('/var/lib')
  const free = bavail * bsize
  const message = `only ${Math.round(free / (1 << 20))} MiB are free in /var/lib; 1024 MiB are needed`
  return free < leastSpace ? { message, mend: 'df -h /var/lib' } : undefined
}

/** How long a process that was just killed may hold its ports while it dies, milliseconds. */
const dying = 3_000

/** A port that one of our own processes will listen on must be free, unless that process has it already. */
export async function portTaken(port: number): Promise<Omit<Finding, 'check'> | undefined> {
  for (const end = Date.now() + dying; Date.now() < end; await delay(50)) if (await free(port)) return undefined
  return { message: `port ${port} is in use by another program`, mend: `ss -ltnp 'sport = :${port}'` }
}

function free(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'EADDRINUSE'))
    server.listen({ port, host: '0.0.0.0' }, () => server.close(() => resolve(true)))
  })
}

/** Everything that speaks against bringing a cluster up here. `running`: our own processes that run already. */
export async function preflight(
  host: Host,
  settings: Settings,
  running: { readonly server: boolean; readonly agent: boolean },
): Promise<Finding[]> {
  const ports = [...(running.server ? [] : [settings.apiPort]), ...(running.agent ? [] : [10250])]
  const found = [
    ...Object.entries(checks).map(async ([check, run]) => ({ check, result: await run(host, settings) })),
    ...ports.map(async port => ({ check: `Port-${port}`, result: await portTaken(port) })),
  ]
  return (await Promise.all(found)).flatMap(({ check, result }) => (result ? [{ check, ...result }] : []))
}
