import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Phase, PhaseError, phasePaths, runPhase, runPhases, unknownPhases } from './phase.ts'

type Ran = { ran: string[]; fail?: string }

const step = (name: string, more: Partial<Phase<Ran>> = {}): Phase<Ran> => ({
  name,
  does: `do ${name}`,
  run: async context => {
    if (context.fail === name) throw new Error('it broke')
    context.ran.push(name)
  },
  ...more,
})
const tree = [
  step('preflight'),
  { name: 'certs', does: 'certificates', phases: [step('ca'), step('apiserver', { when: () => false })] },
  step('etcd'),
] as const
const report = <T>(_: string, work: (note: () => void) => Promise<T>) => work(() => {})

test('all phases run in order, but for those that have no work', async () => {
  const context: Ran = { ran: [] }
  await runPhases(tree, context, { report })
  assert.deepEqual(context.ran, ['preflight', 'ca', 'etcd'])
  assert.deepEqual(phasePaths(tree), ['preflight', 'certs', 'certs/ca', 'certs/apiserver', 'etcd'])
})

test('a skipped phase skips all below it', async () => {
  const context: Ran = { ran: [] }
  await runPhases(tree, context, { report, skip: ['certs'] })
  assert.deepEqual(context.ran, ['preflight', 'etcd'])
  assert.deepEqual(unknownPhases(tree, ['certs', 'ca']), ['ca'])
})

test('a phase asked for by name runs even if it sees no work', async () => {
  const context: Ran = { ran: [] }
  await runPhase(tree, 'certs/apiserver', context, { report })
  await runPhase(tree, 'certs', context, { report })
  assert.deepEqual(context.ran, ['apiserver', 'ca'])
  await assert.rejects(
    runPhase(tree, 'nothing', context, { report }),
    /there is no phase nothing; choose from preflight/,
  )
})

test('a failure names the way to the phase, and ends the run', async () => {
  const context: Ran = { ran: [], fail: 'ca' }
  await assert.rejects(runPhases(tree, context, { report }), error => {
    assert.ok(error instanceof PhaseError)
    assert.equal(error.path, 'certs/ca')
    assert.equal(error.message, 'phase certs/ca: it broke')
    return true
  })
  assert.deepEqual(context.ran, ['preflight'])
})
