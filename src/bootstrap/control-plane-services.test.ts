import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { recordingHost } from '../host/recording-host.ts'
import { overSqlite } from './config/datastore.ts'
import { defaultCluster, timeoutDefaults } from './config/defaults.ts'
import { exampleFacts } from './config/facts.ts'
import { completeConfiguration, readConfiguration } from './config/load.ts'
import { writeConfiguration } from './config/write.ts'
import { controlPlaneUnits } from './control-plane-services.ts'
import { apiServerCommand } from './manifests/control-plane.ts'
import { writeControlPlaneProcesses } from './manifests/processes.ts'
import { writtenCommand } from './manifests/written.ts'
import { processesOf, type WithLayout } from './phases/control-plane-processes.ts'

const program = ['/usr/bin/node', '/opt/kobune/src/cli/main.ts']
const cluster = defaultCluster(exampleFacts)
const context = {
  host: recordingHost({
    files: { '/etc/kubernetes/pki/ca.key': '' },
    answers: { '/usr/bin/etcd --version': 'etcd Version: 3.5.16\n' },
  }),
  program,
  node: { name: 'cp1' },
  endpoint: { advertiseAddress: '10.0.0.1', bindPort: 6443 },
  timeouts: timeoutDefaults,
  cluster: async () => ({ ...cluster, etcd: { local: { dataDir: '/var/lib/etcd', imageTag: '3.5.16' } } }),
} as unknown as WithLayout

test('the units of the layout systemd run the command lines of the static pods', async t => {
  const processes = await processesOf(context, 'systemd')
  const units = controlPlaneUnits(processes, { etcd: '/usr/bin/etcd' })
  assert.deepEqual(
    [...units.keys()],
    ['etcd.service', 'kube-apiserver.service', 'kube-controller-manager.service', 'kube-scheduler.service'],
  )
  const starts = [...units.values()].map(text => /^ExecStart=(.*)$/m.exec(text)![1]!)
  assert.match(starts[0]!, /^"\/usr\/bin\/etcd" "--advertise-client-urls=https:\/\/10\.0\.0\.1:2379"/)
  const [, ...server] = apiServerCommand({ ...context, cluster: await context.cluster() })
  assert.equal(starts[1], [...program, ...server].map(each => `"${each}"`).join(' '))
  assert.match(units.get('kube-scheduler.service')!, /^After=network-online\.target kube-apiserver\.service$/m)
  if (spawnSync('systemd-analyze', ['--version']).error) return t.diagnostic('systemd-analyze is not installed')
  const folder = mkdtempSync(join(tmpdir(), 'units-'))
  t.after(() => rmSync(folder, { recursive: true }))
  for (const [name, text] of units)
    writeFileSync(join(folder, name), text.replace(/^ExecStart="[^"]+"/m, 'ExecStart="/bin/true"'))
  const files = [...units.keys()].map(name => join(folder, name))
  const { status, stderr } = spawnSync('systemd-analyze', ['verify', ...files], { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
})

test('a component finds its command line, whatever it runs as', async () => {
  const host = recordingHost()
  assert.equal(await writtenCommand(host, 'kube-apiserver'), undefined)
  const processes = await processesOf(context, 'systemd')
  await writeControlPlaneProcesses(host, processes)
  assert.deepEqual(await writtenCommand(host, 'kube-apiserver'), processes.commands['kube-apiserver'])
})

test('a cluster over SQLite has no etcd, and says so to all who read its configuration', async () => {
  const sqlite = overSqlite(cluster)
  const stored = writeConfiguration('cluster', sqlite)
  const read = completeConfiguration(readConfiguration(stored, 'stored'), { only: ['cluster'], facts: exampleFacts })
  assert.deepEqual(read.cluster!.etcd, {})
  const command = apiServerCommand({ ...context, cluster: read.cluster! })
  assert.ok(command.includes('--storage-backend=sqlite'))
  assert.ok(command.includes('--sqlite-file=/var/lib/kobune/server/state.db'))
  assert.ok(!command.some(each => each.startsWith('--etcd-')))
  const { commands } = await processesOf({ ...context, cluster: async () => sqlite }, 'in-process')
  assert.deepEqual(Object.keys(commands), ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'])
})
