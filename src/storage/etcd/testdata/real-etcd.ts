/** The real etcd for tests: one member on loopback, fast and forgetful of fsync. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../../base/free-port.ts'

/** Whether this machine has one. */
export const mayRunEtcd = spawnSync('etcd', ['--version']).status === 0

export interface RealEtcd {
  readonly process: ChildProcess
  readonly folder: string
  readonly endpoint: string
}

/**
 * A new, empty etcd of one member; or one that takes up a folder, which must be of a cluster of one at `peer`. `more` are
 * further flags.
 */
export async function startEtcd(
  folder = mkdtempSync(join(tmpdir(), 'kobune-etcd-')),
  peer = `http://127.0.0.1:1`,
  more: Readonly<Record<string, string>> = {},
): Promise<RealEtcd> {
  const endpoint = `http://127.0.0.1:${await freePort()}`
  const listen = `http://127.0.0.1:${await freePort()}`
  const args = {
    'data-dir': folder,
    'listen-client-urls': endpoint,
    'advertise-client-urls': endpoint,
    'listen-peer-urls': listen,
    'initial-advertise-peer-urls': peer,
    'initial-cluster': `default=${peer}`,
    'heartbeat-interval': '50',
    'election-timeout': '250',
    ...more,
  }
  const flags = Object.entries(args).map(([name, value]) => `--${name}=${value}`)
  return { process: spawn('etcd', ['--unsafe-no-fsync', ...flags], { stdio: 'ignore' }), folder, endpoint }
}

/** Ends it and forgets what it wrote. */
export async function stopEtcd({ process, folder }: RealEtcd): Promise<void> {
  if (process.exitCode === null && process.signalCode === null) {
    process.kill('SIGKILL')
    await once(process, 'exit')
  }
  rmSync(folder, { recursive: true, force: true })
}
