import assert from 'node:assert/strict'
import { test } from 'node:test'
import { controllers } from '../controllers/controllers.ts'
import { controllerChoice } from './controller-choice.ts'

const all = controllers({ rootCa: 'x', authority: () => assert.fail(), clusterCidrs: ['10.0.0.0/8'] }).map(c => c.name)
const chosen = (words: string) => all.filter(controllerChoice(words.split(',')))

test('--controllers: the star means all but those that are asked for by name', () => {
  assert.deepEqual(
    all.filter(name => !chosen('*').includes(name)),
    ['bootstrap-signer-controller', 'token-cleaner-controller'],
  )
  assert.deepEqual(chosen('*,bootstrapsigner,tokencleaner'), all)
  assert.deepEqual(chosen('deployment,-job,cronjob-controller'), ['deployment-controller', 'cronjob-controller'])
  assert.ok(!chosen('*,-csrsigning').includes('csrsigning'))
  assert.equal(chosen('*,-ttl').length, all.length - 2)
})

test('--controllers: a name that nobody knows, or that is not there, is refused', () => {
  assert.throws(() => controllerChoice(['*', 'deploymnet']), /there is no such controller/)
  assert.throws(() => controllerChoice(['horizontalpodautoscaling']), /not there yet/)
})
