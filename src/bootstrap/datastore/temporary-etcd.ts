/** etcd as a plain process on loopback, for the time that its data is made: nobody but root's certificates reach it. */
import { freePort } from '../../base/free-port.ts'
import type { Host } from '../../host/host.ts'
import { type EtcdStore, etcdStorage } from '../../storage/etcd/etcd.ts'
import { readCredentials } from '../etcd-access.ts'

export interface TemporaryEtcd {
  readonly host: Host
  readonly dataDir: string
  readonly name: string
  /** As in the data, where there is some. */
  readonly peerUrl: string
  /** Folder with etcd's certificates. */
  readonly pki: string
  /** For its pid and its log. */
  readonly folder: string
}

/** Milliseconds until it answers. */
const patience = 60_000

/** Runs it while `work` does. Throws with the end of its log when it does not start. */
export async function withTemporaryEtcd<T>(of: TemporaryEtcd, work: (store: EtcdStore) => Promise<T>): Promise<T> {
  const { host, dataDir, name, peerUrl, pki, folder } = of
  const client = `https://127.0.0.1:${await freePort()}`
  const flags = {
    name,
    'data-dir': dataDir,
    'listen-client-urls': client,
    'advertise-client-urls': client,
    'listen-peer-urls': `https://127.0.0.1:${await freePort()}`,
    'initial-advertise-peer-urls': peerUrl,
    'initial-cluster': `${name}=${peerUrl}`,
    'cert-file': `${pki}/server.crt`,
    'key-file': `${pki}/server.key`,
    'trusted-ca-file': `${pki}/ca.crt`,
    'client-cert-auth': 'true',
    'peer-cert-file': `${pki}/peer.crt`,
    'peer-key-file': `${pki}/peer.key`,
    'peer-trusted-ca-file': `${pki}/ca.crt`,
    'peer-client-cert-auth': 'true',
  }
  const files = { ca: 'ca.crt', cert: 'healthcheck-client.crt', key: 'healthcheck-client.key' }
  const named = Object.fromEntries(Object.entries(files).map(([key, file]) => [key, `${pki}/${file}`]))
  const credentials = await readCredentials(host, named)
  const logFile = `${folder}/etcd.log`
  const process = await host.processes.daemon({
    command: (await host.processes.find('etcd')) ?? 'etcd',
    args: Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`),
    pidFile: `${folder}/etcd.pid`,
    logFile,
  })
  try {
    const store = await etcdStorage({ endpoints: [client], ...credentials, patience }).catch(async cause => {
      const log = (await host.files.readIfThere(logFile)) ?? ''
      const tail = log.trimEnd().split('\n').slice(-3).join('\n  ')
      throw new Error(`etcd did not start: ${(cause as Error).message}; it said last:\n  ${tail}`, { cause })
    })
    try {
      return await work(store)
    } finally {
      await store.close()
    }
  } finally {
    await host.processes.stop(process)
    await host.files.remove(`${folder}/etcd.pid`)
  }
}
