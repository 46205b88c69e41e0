import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cpuWeight } from './cgroups.ts'
import { linuxHost } from './host.ts'
import { parseMounts } from './mounts.ts'
import { parseProgress } from './packages.ts'
import { recordingHost } from './recording-host.ts'

test('recordingHost() changes nothing, writes everything down, and reads what was written', async () => {
  const host = recordingHost({ files: { '/etc/a': 'old' }, answers: { 'nft -j': '{"nftables":[{"table":{}}]}' } })
  await host.files.write('/etc/kobune/b', 'new', { mode: 0o600 })
  await host.files.remove('/etc/a')
  await host.nftables.apply('add table ip x\n')
  await host.sysctl.set('net.ipv4.ip_forward', 1)
  assert.equal(await host.files.read('/etc/kobune/b'), 'new')
  assert.equal(await host.files.exists('/etc/a'), false)
  assert.deepEqual(await host.files.list('/etc'), ['kobune'])
  assert.equal((await host.nftables.list('ip', 'x')).length, 1)
  assert.deepEqual(host.effects.slice(0, 4), [
    { verb: 'write', target: '/etc/kobune/b', detail: '600' },
    { verb: 'remove', target: '/etc/a' },
    { verb: 'run', target: 'nft -f -', detail: 'add table ip x\n' },
    { verb: 'set', target: 'net.ipv4.ip_forward', detail: '1' },
  ])
})

test('packages refuses what would break the machine, before running anything', async () => {
  const host = recordingHost()
  await assert.rejects(host.packages.install(['runc', 'kubernetes-client']), { code: 'refused' })
  await assert.rejects(host.packages.install(['--purge']), { code: 'refused' })
  assert.deepEqual(host.effects, [])
})

test('parseProgress() reads apt’s status lines', () => {
  assert.deepEqual(parseProgress('pmstatus:runc:40.0000:Unpacking runc (amd64)'), {
    percent: 70,
    message: 'Unpacking runc (amd64)',
  })
  assert.deepEqual(parseProgress('dlstatus:1:50.5:Retrieving file 1 of 2'), {
    percent: 25,
    message: 'Retrieving file 1 of 2',
  })
  assert.equal(parseProgress('Reading package lists...'), undefined)
})

test('parseMounts() reads escapes, propagation and a variable number of fields', () => {
  const text =
    '36 35 98:0 /mnt1 /my\\040disk rw,noatime shared:1 master:2 - ext3 /dev/root rw,errors=continue\n' +
    '37 35 0:5 / /proc rw - proc proc rw\n'
  const [disk, proc] = parseMounts(text)
  assert.equal(disk!.target, '/my disk')
  assert.deepEqual([disk!.propagation, disk!.type, disk!.root], [['shared:1', 'master:2'], 'ext3', '/mnt1'])
  assert.deepEqual([proc!.propagation, proc!.source], [[], 'proc'])
})

test('cpuWeight() maps the ends and one CPU as runc does', () => {
  assert.deepEqual([2, 102, 1024, 262144].map(cpuWeight), [1, 4, 39, 10_000])
})

test('linuxHost finds itself', async () => {
  assert.ok(linuxHost.addresses.hostname())
  assert.ok(linuxHost.addresses.list().some(a => a.address === '127.0.0.1' && a.internal))
  assert.equal(await linuxHost.sysctl.get('no.such.setting'), undefined)
  assert.match((await linuxHost.sysctl.get('kernel.ostype')) ?? '', /Linux/)
  assert.ok(await linuxHost.mounts.isMountPoint('/'))
})
