import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recordingHost } from '../host/recording-host.ts'
import { notOfUp } from './down.ts'
import { paths } from './paths.ts'
import { settingsFile } from './settings.ts'

const joined = { [paths.journal]: JSON.stringify({ command: 'join', nodeName: 'cp2', finished: true }) }

test('a machine that init or join made is not taken down: it would stay a member of its cluster', async () => {
  assert.match((await notOfUp(recordingHost({ files: joined })))!, /the node cp2, made by kobune join/)
})

test('a cluster of up is, also one that a migration to etcd has not finished with, and what a failed up left', async () => {
  assert.equal(await notOfUp(recordingHost({ files: { [settingsFile]: '{}' } })), undefined)
  assert.equal(await notOfUp(recordingHost({ files: { ...joined, [settingsFile]: '{}' } })), undefined)
  assert.equal(await notOfUp(recordingHost()), undefined)
})
