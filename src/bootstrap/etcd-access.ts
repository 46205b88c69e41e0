/** How this machine reaches the cluster's etcd with all rights: out of its files, so that it works while the API is down. */
import { dirname } from 'node:path'
import type { Host } from '../host/host.ts'
import { argumentOf } from './manifests/arguments.ts'
import { writtenCommand } from './manifests/written.ts'

export interface EtcdCredentials {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

export interface EtcdAccess extends EtcdCredentials {
  readonly kind: 'stacked' | 'external'
  readonly endpoints: readonly string[]
}

/** Undefined on a machine that is not of a control plane with etcd. */
export async function etcdAccess(host: Pick<Host, 'files'>): Promise<EtcdAccess | undefined> {
  const etcd = await writtenCommand(host, 'etcd')
  if (etcd) {
    const folder = dirname(argumentOf(etcd, 'trusted-ca-file') ?? '/etc/kubernetes/pki/etcd/ca.crt')
    const own = argumentOf(etcd, 'listen-client-urls')?.split(',')[0] ?? 'https://127.0.0.1:2379'
    const files = {
      ca: `${folder}/ca.crt`,
      cert: `${folder}/healthcheck-client.crt`,
      key: `${folder}/healthcheck-client.key`,
    }
    return { kind: 'stacked', endpoints: [own], ...(await readCredentials(host, files)) }
  }
  const server = await writtenCommand(host, 'kube-apiserver')
  const endpoints = server && argumentOf(server, 'etcd-servers')
  if (!endpoints) return undefined
  const [ca, cert, key] = ['cafile', 'certfile', 'keyfile'].map(name => argumentOf(server, `etcd-${name}`))
  const credentials = await readCredentials(host, { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) })
  return { kind: 'external', endpoints: endpoints.split(','), ...credentials }
}

/** Reads the files that are named. */
export async function readCredentials(
  { files }: Pick<Host, 'files'>,
  names: EtcdCredentials,
): Promise<EtcdCredentials> {
  const read = Object.entries(names).map(async ([name, file]) => [name, await files.read(file as string)] as const)
  return Object.fromEntries(await Promise.all(read))
}
