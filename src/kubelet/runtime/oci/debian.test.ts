import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { linuxHost } from '../../../host/host.ts'
import { HostError } from '../../../host/host-error.ts'
import { debianRoot } from './debian.ts'

/** A machine whose apt knows no package before its lists are there, and then those of the archive. */
function machine(archive: readonly string[]) {
  const ran: string[] = []
  let lists = false
  const run = async (command: string, args: readonly string[]) => {
    if (args[0] === 'update') lists = true
    ran.push(args[0] === 'update' ? 'update' : args.includes('--simulate') ? 'simulate' : command)
    const unknown = args.slice(args.indexOf('install') + 1).filter(name => !lists || !archive.includes(name))
    if (args.includes('--simulate') && unknown.length) {
      const stderr = unknown.map(name => `E: Unable to locate package ${name}\n`).join('')
      throw new HostError({ verb: 'run', target: 'apt-get', code: 'exit', stderr })
    }
    return { stdout: '', stderr: '', code: 0 }
  }
  return { ran, host: { ...linuxHost, processes: { ...linuxHost.processes, run } } }
}

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'debian-'))
  await work(folder).finally(() => rm(folder, { recursive: true }))
}

test('on a machine that never updated its package lists, they are updated, and packages are found', () =>
  inFolder(async folder => {
    const { host, ran } = machine(['redis-server', 'usr-is-merged'])
    await debianRoot(host, { packages: ['redis-server'], folder })
    assert.deepEqual(ran, ['simulate', 'update', 'simulate', 'apt-get'])
  }))

test('a package that the archive does not have is named, and nothing else', () =>
  inFolder(async folder => {
    const { host } = machine([])
    await assert.rejects(debianRoot(host, { packages: ['redis-sever'], folder }), {
      message: 'cannot download redis-sever: E: Unable to locate package redis-sever',
    })
  }))
