import assert from 'node:assert/strict'
import { test } from 'node:test'
import { requestInfo } from './request-info.ts'

function read(method: string, url: string) {
  const [path = '', query] = url.split('?')
  const { verb, resource } = requestInfo(method, path, new URLSearchParams(query))
  if (!resource) return verb
  const { group, version, plural, namespace, name, subresource, rest } = resource
  return [verb, group, version, plural, namespace ?? '', name ?? '', subresource + rest].join(' ').trimEnd()
}

test('requestInfo() reads methods and paths', () => {
  const cases = [
    ['GET', '/healthz', 'get'],
    ['GET', '/api/v1', 'get'],
    ['GET', '/apis/apps/v1/', 'get'],
    ['GET', '/api/v1/pods', 'list  v1 pods'],
    ['GET', '/api/v1/pods?watch=true', 'watch  v1 pods'],
    ['GET', '/api/v1/watch/namespaces/a/pods', 'watch  v1 pods a'],
    ['POST', '/api/v1/namespaces/a/pods', 'create  v1 pods a'],
    ['GET', '/api/v1/namespaces/a', 'get  v1 namespaces  a'],
    ['PUT', '/api/v1/namespaces/a/finalize', 'update  v1 namespaces  a finalize'],
    ['DELETE', '/apis/apps/v1/namespaces/a/deployments', 'deletecollection apps v1 deployments a'],
    ['PATCH', '/apis/apps/v1/namespaces/a/deployments/b/scale', 'patch apps v1 deployments a b scale'],
    ['GET', '/api/v1/namespaces/a/services/b/proxy/c/d', 'get  v1 services a b proxy/c/d'],
    ['DELETE', '/apis/x.io/v1/things/a%3Ab', 'delete x.io v1 things  a:b'],
  ]
  for (const [method, url, expected] of cases) assert.equal(read(method!, url!), expected)
  assert.throws(() => read('GET', '/api/v1/nodes/%zz'), { code: 400 })
})
