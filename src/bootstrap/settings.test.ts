import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recordingHost } from '../host/recording-host.ts'
import {
  apiServiceAddress,
  checkSettings,
  decideSettings,
  dnsAddress,
  type Settings,
  saveSettings,
} from './settings.ts'

const settings: Settings = {
  nodeName: 'n1',
  apiAddress: '192.0.2.1',
  apiPort: 6443,
  podCidr: '10.244.0.0/16',
  serviceCidr: '10.96.0.0/12',
  clusterDomain: 'cluster.local',
}

test('decideSettings() takes what is asked for, else what is saved, else the defaults', async () => {
  const host = recordingHost()
  const first = await decideSettings(host, { apiAddress: '192.0.2.1', podCidr: '10.10.0.0/16' })
  assert.equal(first.podCidr, '10.10.0.0/16')
  assert.equal(first.apiPort, 6443)
  await saveSettings(host, first)
  const second = await decideSettings(host, { apiPort: 8443 })
  assert.deepEqual(second, { ...first, apiPort: 8443 })
})

test('checkSettings() names the option, what is wrong, and what cannot change any more', () => {
  assert.deepEqual(checkSettings(settings), [])
  const wrong = (more: Partial<Settings>, saved?: Settings) => checkSettings({ ...settings, ...more }, saved).join('; ')
  assert.match(wrong({ nodeName: 'N1' }), /--node-name: "N1" must be lower case/)
  assert.match(wrong({ apiPort: 70_000 }), /--api-port: 70000 is not between 1 and 65535/)
  assert.match(wrong({ apiPort: Number.NaN }), /--api-port/)
  assert.match(wrong({ podCidr: '10.244.0.1/16' }), /--pod-cidr: "10.244.0.1\/16" is no network/)
  assert.match(wrong({ podCidr: '10.96.0.0/16' }), /overlap/)
  assert.match(
    wrong({ podCidr: '10.10.0.0/16' }, settings),
    /podCidr is 10.244.0.0\/16 in this cluster and cannot change/,
  )
})

test('the API has the first address of the Services, the DNS the tenth', () => {
  assert.equal(apiServiceAddress(settings), '10.96.0.1')
  assert.equal(dnsAddress(settings), '10.96.0.10')
})
