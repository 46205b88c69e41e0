/** `kobune snapshot save`: a consistent copy of everything the cluster stores, taken while it runs. */
import { request } from 'node:http'
import { resolve } from 'node:path'
import type { Host } from '../../host/host.ts'
import { etcdStorage } from '../../storage/etcd/etcd.ts'
import type { SnapshotStatus } from '../../storage/snapshot-status.ts'
import { type EtcdCredentials, etcdAccess } from '../etcd-access.ts'
import { paths } from '../paths.ts'
import { snapshotStatus } from './status.ts'

export interface SaveOptions {
  readonly host: Host
  readonly file: string
  /** An etcd to ask instead of what this machine has. */
  readonly etcd?: EtcdCredentials & { readonly endpoints: readonly string[] }
}

/** Milliseconds to reach a member. */
const patience = 10_000

/**
 * Writes the file (0600: it holds Secrets), verifies it and tells what is in it. A file of that name is not replaced, and
 * none is left behind when something fails.
 */
export async function saveSnapshot({ host, file, etcd }: SaveOptions): Promise<SnapshotStatus> {
  const target = resolve(file)
  if (await host.files.exists(target)) throw new Error(`${target} is there already, and is not replaced`)
  const part = `${target}.part`
  await host.files.remove(part)
  try {
    await (await source(host, etcd))(part)
    const status = await snapshotStatus(part)
    await host.files.rename(part, target)
    return status
  } catch (error) {
    await host.files.remove(part)
    throw error
  }
}

type Source = (file: string) => Promise<unknown>

/** Who writes the copy: a member of etcd, the server that has the database open, or, when it is down, we ourselves. */
async function source(host: Host, given: SaveOptions['etcd']): Promise<Source> {
  const etcd = given ?? (await etcdAccess(host))
  if (etcd) return file => ofEtcd(etcd, file)
  if (await host.processes.running(paths.serverPid)) return file => ofServer(file)
  if (!(await host.files.exists(paths.database))) {
    throw new Error(
      'this machine has neither etcd nor a database of `kobune up`: run it on a machine of the control plane, or give --endpoints, --cacert, --cert and --key',
    )
  }
  return async file => {
    const { sqliteStorage } = await import('../../storage/sqlite/sqlite.ts')
    const store = await sqliteStorage({ file: paths.database })
    try {
      await store.snapshot(file)
    } finally {
      await store.close()
    }
  }
}

async function ofEtcd(etcd: NonNullable<SaveOptions['etcd']>, file: string): Promise<void> {
  const store = await etcdStorage({ ...etcd, patience })
  try {
    await store.snapshot(file)
  } finally {
    await store.close()
  }
}

function ofServer(file: string): Promise<void> {
  return new Promise((done, fail) => {
    const call = request({ socketPath: paths.serverSocket, path: '/snapshot', method: 'POST' }, response => {
      let text = ''
      response.setEncoding('utf8').on('data', chunk => {
        text += chunk
      })
      response.on('end', () => {
        if (response.statusCode === 200) done()
        else fail(new Error(`the server did not write the snapshot: ${text}`))
      })
    })
    call.on('error', cause =>
      fail(new Error(`the server cannot be asked by ${paths.serverSocket}: ${cause.message}`, { cause })),
    )
    call.end(JSON.stringify({ file }))
  })
}
