/** etcd's own program that makes the data of a member out of a snapshot. */
import type { Host } from '../../host/host.ts'

/** etcd 3.5 and newer have one for files alone. Undefined: package etcd-client is missing. */
export async function restoreTool({ processes }: Pick<Host, 'processes'>): Promise<string | undefined> {
  return (await processes.find('etcdutl')) ?? (await processes.find('etcdctl'))
}

export interface MemberData {
  /** Must not exist. */
  readonly dataDir: string
  readonly name: string
  readonly peerUrl: string
  /** Members of different tokens never take each other for their cluster. */
  readonly token: string
}

/** Makes the data of a cluster with this one member. */
export async function restoreWith(
  host: Host,
  file: string,
  { dataDir, name, peerUrl, token }: MemberData,
): Promise<void> {
  const flags = {
    'data-dir': dataDir,
    name,
    'initial-cluster': `${name}=${peerUrl}`,
    'initial-cluster-token': token,
    'initial-advertise-peer-urls': peerUrl,
  }
  const words = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`)
  const tool = (await restoreTool(host)) ?? 'etcdctl'
  await host.processes.run(tool, ['snapshot', 'restore', file, ...words], {
    env: { ETCDCTL_API: '3' },
    timeout: 30 * 60_000,
  })
}
