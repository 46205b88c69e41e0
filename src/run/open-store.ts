import { existsSync, type FSWatcher, mkdirSync, watch } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { delay } from '../base/clock.ts'
import { FlagError } from '../base/flags.ts'
import { logger } from '../base/log.ts'
import { reloading } from '../base/reloading.ts'
import { restartingFile } from '../bootstrap/rotation/steps.ts'
import { keepCompacted } from '../storage/etcd/compaction.ts'
import { type EtcdStore, etcdStorage } from '../storage/etcd/etcd.ts'
import type { Storage } from '../storage/storage.ts'
import type { ApiserverFlags } from './kube-apiserver.ts'
import { type CertificatePair, demandPair } from './live-files.ts'

const log = logger('kube-apiserver')
/** Milliseconds of one attempt to reach etcd. */
const patience = 5_000
/** Milliseconds that requests wait for a restart of etcd. */
const longestRestart = 20_000

export interface OpenStore {
  readonly storage: Storage
  close(): Promise<void>
}

/** Opens the store that flags name. Waits for etcd as long as it takes; undefined when the signal came first. */
export async function openStore(flags: ApiserverFlags, signal: AbortSignal): Promise<OpenStore | undefined> {
  const backend = flags['storage-backend']
  if (backend === 'sqlite') return openSqlite(flags['sqlite-file'])
  if (backend !== 'etcd3') throw new FlagError(`--storage-backend=${backend}: it is etcd3 or sqlite`)
  const endpoints = flags['etcd-servers']
  if (endpoints.length === 0) throw new FlagError('--etcd-servers is needed, or --storage-backend=sqlite')
  for (const endpoint of endpoints) {
    if (!/^https?:\/\/[^/]+\/?$/.test(endpoint))
      throw new FlagError(`--etcd-servers: ${endpoint} is no https://host:port`)
  }
  const credentials = await etcdCredentials(flags)
  const storage = await reach(() => etcdStorage({ endpoints, patience, ...credentials.current }), endpoints, signal)
  if (!storage) {
    credentials.stop()
    return undefined
  }
  credentials.on(changed => storage.renew(changed))
  const restarts = flags['etcd-cafile'] ? followRestarts(flags['etcd-cafile'], storage) : undefined
  const interval = flags['etcd-compaction-interval']
  const compaction = interval > 0 ? keepCompacted(storage, interval) : undefined
  return {
    storage,
    async close() {
      compaction?.stop()
      credentials.stop()
      restarts?.close()
      await storage.close()
    },
  }
}

/** Who restarts the machine's member of etcd says so by a file beside its authority: requests wait, and none fails. */
function followRestarts(caFile: string, storage: EtcdStore): FSWatcher | undefined {
  const folder = dirname(caFile)
  let release: (() => void) | undefined
  const look = () => {
    const restarting = existsSync(join(folder, restartingFile))
    if (restarting && !release) {
      log.info('etcd is about to be restarted; requests wait for it')
      release = storage.hold(longestRestart)
    } else if (!restarting && release) {
      release()
      release = undefined
    }
  }
  try {
    // One that is there from the beginning was left behind.
    return watch(folder, { persistent: false }, look).on('error', () => undefined)
  } catch {
    return undefined
  }
}

async function openSqlite(file: string): Promise<OpenStore> {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const { sqliteStorage } = await import('../storage/sqlite/sqlite.ts')
  const storage = await sqliteStorage({ file })
  return { storage, close: () => storage.close() }
}

/** The files for etcd's TLS, as they are now. */
function etcdCredentials(flags: ApiserverFlags) {
  const names = { ca: flags['etcd-cafile'], cert: flags['etcd-certfile'], key: flags['etcd-keyfile'] }
  const given = Object.entries(names).flatMap(([name, file]) => (file ? [[name, file] as const] : []))
  return reloading({
    name: 'credentials for etcd',
    load: async () => {
      const texts = await Promise.all(given.map(async ([name, file]) => [name, await readFile(file, 'utf8')] as const))
      const value: { readonly ca?: string; readonly cert?: string; readonly key?: string } = Object.fromEntries(texts)
      if (value.cert && value.key) demandPair(value as CertificatePair, names.cert!, names.key!)
      return { value, files: given.map(([, file]) => file) }
    },
  })
}

async function reach(
  open: () => Promise<EtcdStore>,
  endpoints: readonly string[],
  signal: AbortSignal,
): Promise<EtcdStore | undefined> {
  while (!signal.aborted) {
    try {
      return await open()
    } catch (error) {
      log.warn({ endpoints, error: (error as Error).message }, 'waiting for etcd')
      await delay(500, signal).catch(() => undefined)
    }
  }
  return undefined
}
