import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recordingHost } from '../host/recording-host.ts'
import { logOf } from './log-of.ts'
import { paths } from './paths.ts'

const processes = (layout: string) => ({
  [paths.controlPlaneProcesses]: JSON.stringify({ layout, commands: {}, program: [] }),
})
const systemd = { '/run/systemd/system/x': '' }

test('the log of a part of the control plane is found, whatever it runs as', async () => {
  const pod = `${paths.podLogs}/kube-system_etcd-cp1_0123/etcd`
  const pods = recordingHost({ files: { [`${pod}/0.log`]: 'a', [`${pod}/1.log.20260101`]: 'b' } })
  assert.deepEqual(await logOf(pods, 'etcd'), { file: `${pod}/0.log`, byRuntime: true })
  assert.equal(await logOf(pods, 'kube-scheduler'), undefined)
  const units = recordingHost({ files: { ...processes('systemd'), ...systemd } })
  assert.deepEqual(await logOf(units, 'etcd'), { unit: 'etcd.service' })
  const one = recordingHost({ files: { ...processes('in-process'), ...systemd } })
  assert.deepEqual(await logOf(one, 'kube-apiserver'), { unit: 'kobune-control-plane.service' })
  const daemon = recordingHost({ files: processes('in-process') })
  assert.deepEqual(await logOf(daemon, 'kube-apiserver'), { file: paths.serverLog })
})

test('processes of the machine have files, once they have said something', async () => {
  const host = recordingHost({ files: { [paths.kubeletLog]: 'x' } })
  assert.deepEqual(await logOf(host, 'kubelet'), { file: paths.kubeletLog })
  assert.equal(await logOf(host, 'agent'), undefined)
})
