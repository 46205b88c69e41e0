import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubernetesObject } from '../api/group-version.ts'
import { FakeClock } from '../base/fake-clock.ts'
import type { InformerHandler } from '../client/informer.ts'
import { Expectations } from './expectations.ts'

function scene() {
  const clock = new FakeClock()
  const objects = new Map<string, KubernetesObject>()
  let handler: InformerHandler<KubernetesObject> = {}
  const informer = {
    revision: '5',
    get: (key: string) => objects.get(key),
    on: (added: InformerHandler<KubernetesObject>) => (handler = added),
  }
  const expectations = new Expectations(clock)
  expectations.follow(informer)
  return { clock, objects, informer, expectations, tell: (object: KubernetesObject) => handler.added?.(object) }
}

const pod = (uid: string, resourceVersion = '6', more = {}) =>
  ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: uid, namespace: 'a', uid, resourceVersion, ...more } }) as never

test('Expectations wait until the informer shows what was made', () => {
  const { expectations, tell } = scene()
  expectations.expect('a/owner', pod('1'), 'created')
  expectations.expect('a/owner', pod('2'), 'created')
  tell(pod('1'))
  assert.equal(expectations.settled('a/owner'), 30_000)
  assert.equal(expectations.settled('a/other'), true)
  tell(pod('2'))
  assert.equal(expectations.settled('a/owner'), true)
})

test('Expectations wait for nothing that the informer has seen already', () => {
  const { expectations, objects } = scene()
  objects.set('a/1', pod('1'))
  expectations.expect('a/owner', pod('1'), 'created')
  expectations.expect('a/owner', pod('made and gone', '4'), 'created')
  expectations.expect('a/owner', pod('gone'), 'deleted')
  objects.set('a/2', pod('2', '3', { deletionTimestamp: 'now' }))
  expectations.expect('a/owner', pod('2', '2'), 'deleted')
  assert.equal(expectations.settled('a/owner'), true)
})

test('Expectations of deletions wait for the object to go or to be going', () => {
  const { expectations, objects, tell } = scene()
  objects.set('a/1', pod('1', '3'))
  expectations.expect('a/owner', pod('1', '3'), 'deleted')
  assert.notEqual(expectations.settled('a/owner'), true)
  tell(pod('1', '9', { deletionTimestamp: 'now' }))
  assert.equal(expectations.settled('a/owner'), true)
})

test('Expectations end with the patience', () => {
  const { clock, expectations } = scene()
  expectations.expect('a/owner', pod('1'), 'created')
  clock.advance(20_000)
  assert.equal(expectations.settled('a/owner'), 10_000)
  clock.advance(10_000)
  assert.equal(expectations.settled('a/owner'), true)
})
