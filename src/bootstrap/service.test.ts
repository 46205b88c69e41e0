import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recordingHost } from '../host/recording-host.ts'
import { removeService, type Service, serviceRuns, serviceUnit, startService, stopService } from './service.ts'

const service: Service = {
  unit: 'kobune-x.service',
  pidFile: '/run/kobune/x.pid',
  description: 'X',
  after: 'kobune-w.service',
  command: ['/opt/a b/node', '--cost=5$', '100%'],
  logFile: '/var/log/kobune/x.log',
}
const systemd = { '/run/systemd/system/x': '' }
const unitFile = '/etc/systemd/system/kobune-x.service'

/** What was done, a line each. */
function machine(files: Readonly<Record<string, string>>, answers: Readonly<Record<string, string>> = {}) {
  const host = recordingHost({ files, answers })
  return { host, done: () => host.effects.map(({ verb, target }) => `${verb} ${target}`) }
}

test('where systemd is, a service that is to come back at boots is a unit', async () => {
  const { host, done } = machine(systemd)
  await startService(host, service, { boots: true })
  assert.deepEqual(
    done().filter(each => each.startsWith('run') || each.includes('systemd')),
    [
      `write ${unitFile}`,
      'run systemctl daemon-reload',
      'run systemctl enable kobune-x.service',
      'run systemctl start kobune-x.service',
    ],
  )
})

test('a service that is a unit stays one, and a daemon is left to its pid file', async () => {
  const unit = machine({ ...systemd, [unitFile]: '' })
  await startService(unit.host, service, { boots: false })
  assert.ok(unit.done().includes('run systemctl start kobune-x.service'))
  const daemon = machine(systemd)
  await startService(daemon.host, service, { boots: false })
  assert.ok(!daemon.done().some(each => each.includes('systemctl')))
})

test('a unit that never was is not stopped, and one that is goes with its file', async () => {
  const none = machine(systemd)
  await stopService(none.host, service)
  assert.ok(!none.done().some(each => each.includes('systemctl')))
  const there = machine({ ...systemd, [unitFile]: '' }, { 'systemctl is-active': 'active\n' })
  assert.equal(await serviceRuns(there.host, service), true)
  await removeService(there.host, service)
  assert.ok(there.done().includes('run systemctl stop kobune-x.service'))
  assert.ok(there.done().includes(`remove ${unitFile}`))
})

test('a unit’s words are read as they are, it is tried for ever, and says what it says where daemons do', () => {
  const text = serviceUnit(service)
  assert.match(text, /^ExecStart="\/opt\/a b\/node" "--cost=5\$\$" "100%%"$/m)
  assert.match(text, /^After=network-online\.target kobune-w\.service$/m)
  assert.match(text, /^StartLimitIntervalSec=0$/m)
  assert.match(text, /^StandardOutput=append:\/var\/log\/kobune\/x\.log$/m)
})
