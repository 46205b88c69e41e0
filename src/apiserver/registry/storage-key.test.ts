import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resources } from '../../api/resources.ts'
import { storageKey, storagePrefix } from './storage-key.ts'

test('storagePrefix() is where upstream keeps each kind', () => {
  const prefixes = new Map(resources.map(resource => [`${resource.group}/${resource.plural}`, storagePrefix(resource)]))
  const expected = {
    '/pods': '/registry/pods/',
    '/services': '/registry/services/specs/',
    '/endpoints': '/registry/services/endpoints/',
    '/nodes': '/registry/minions/',
    '/replicationcontrollers': '/registry/controllers/',
    'apps/deployments': '/registry/deployments/',
    'networking.k8s.io/ingresses': '/registry/ingress/',
    'rbac.authorization.k8s.io/roles': '/registry/roles/',
    'apiextensions.k8s.io/customresourcedefinitions': '/registry/apiextensions.k8s.io/customresourcedefinitions/',
    'apiregistration.k8s.io/apiservices': '/registry/apiregistration.k8s.io/apiservices/',
  }
  for (const [resource, prefix] of Object.entries(expected)) assert.equal(prefixes.get(resource), prefix)
})

test('storagePrefix() keeps custom resources by group, and kinds apart', () => {
  const custom = { ...resources[0]!, group: 'example.com', plural: 'things' }
  assert.equal(storagePrefix(custom, true), '/registry/example.com/things/')
  // Versions of one kind share a place, and events do so across groups.
  const places = new Map<string, string>()
  for (const resource of resources) {
    const prefix = storagePrefix(resource)
    assert.equal(places.get(prefix) ?? resource.kind, resource.kind, prefix)
    places.set(prefix, resource.kind)
  }
})

test('storageKey() has the namespace where there is one', () => {
  assert.equal(storageKey('/registry/pods/', 'a', 'b'), '/registry/pods/a/b')
  assert.equal(storageKey('/registry/minions/', undefined, 'b'), '/registry/minions/b')
})
