import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recordingHost } from '../host/recording-host.ts'
import { paths } from './paths.ts'
import { type Reset, resetPhases } from './reset.ts'
import { settingsFile } from './settings.ts'

/** Whether the first phase asked, on a machine with these files. */
async function asked(files: Readonly<Record<string, string>>): Promise<boolean> {
  let asked = false
  const confirm = async () => {
    asked = true
  }
  await resetPhases[0]!.run!({ host: recordingHost({ files }), confirm } as unknown as Reset, () => {})
  return asked
}

test('a cluster of up is not reset: its processes would go on without their files', async () => {
  await assert.rejects(asked({ [settingsFile]: '{}' }), /cluster of kobune up.*kobune down --purge/)
})

test('a node is reset, also in the middle of becoming one out of a cluster of up', async () => {
  const journal = JSON.stringify({ command: 'init', nodeName: 'm1', finished: false })
  assert.ok(await asked({ [paths.journal]: journal }))
  assert.ok(await asked({ [paths.journal]: journal, [settingsFile]: '{}' }))
  assert.ok(await asked({}))
})
