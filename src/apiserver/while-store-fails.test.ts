import assert from 'node:assert/strict'
import { test } from 'node:test'
import { badRequest, statusError } from '../machinery/status-error.ts'
import { UnreachableError } from '../storage/storage.ts'
import { whileStoreFails } from './while-store-fails.ts'

test('the start of a server outlives a store that fails for a moment, and no other error', async () => {
  const failures: Error[] = [new UnreachableError('gone'), statusError('Timeout', 'no answer')]
  const work = async () => {
    const failure = failures.shift()
    if (failure) throw failure
    return 'done'
  }
  assert.equal(await whileStoreFails(work, () => false), 'done')
  failures.push(badRequest('wrong'))
  await assert.rejects(
    whileStoreFails(work, () => false),
    /wrong/,
  )
  failures.push(new UnreachableError('gone'))
  await assert.rejects(
    whileStoreFails(work, () => true),
    /gone/,
  )
})
