import assert from 'node:assert/strict'
import { test } from 'node:test'
import { matchRoute, verbOf } from './routes.ts'

test('matchRoute() reads the names in a path, with or without a uid', () => {
  const of = (path: string) => {
    const found = matchRoute(path)
    return found && [found.route.name, found.namespace, found.pod, found.container]
  }
  assert.deepEqual(of('/containerLogs/ns/web/main'), ['logs', 'ns', 'web', 'main'])
  assert.deepEqual(of('/exec/ns/web/main'), ['exec', 'ns', 'web', 'main'])
  assert.deepEqual(of('/exec/ns/web/1234-uid/main'), ['exec', 'ns', 'web', 'main'])
  assert.deepEqual(of('/portForward/ns/web')?.slice(0, 3), ['portForward', 'ns', 'web'])
  assert.deepEqual(of('/stats/summary')?.[0], 'summary')
  assert.equal(of('/nothing'), undefined)
})

test('verbOf() lets nobody run commands who may only look', () => {
  const verb = (method: string, path: string) => verbOf(method, matchRoute(path)!.route)
  assert.equal(verb('GET', '/exec/ns/web/main'), 'create')
  assert.equal(verb('GET', '/containerLogs/ns/web/main'), 'get')
})
