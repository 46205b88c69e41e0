import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Container } from '../api/core/v1/container.ts'
import { Pod } from '../api/core/v1/pod.ts'
import { type OpenApiSchema, openApiDefinition, openApiDefinitions } from './openapi.ts'
import { view } from './view.ts'

const field = (definition: OpenApiSchema, name: string) => (definition.properties as Record<string, unknown>)[name]

test('openApiDefinition() tells defaults in version 3 only', () => {
  const v3 = openApiDefinition(view(Container), 'v3')
  assert.deepEqual(field(v3, 'args'), {
    items: { default: '', type: 'string' },
    type: 'array',
    'x-kubernetes-list-type': 'atomic',
  })
  assert.deepEqual(field(v3, 'name'), { default: '', type: 'string' })
  assert.deepEqual(field(v3, 'resources'), {
    allOf: [{ $ref: '#/components/schemas/io.k8s.api.core.v1.ResourceRequirements' }],
    default: {},
  })
  assert.deepEqual(field(v3, 'livenessProbe'), { $ref: '#/components/schemas/io.k8s.api.core.v1.Probe' })
  const v2 = openApiDefinition(view(Container), 'v2')
  assert.deepEqual(field(v2, 'name'), { type: 'string' })
  assert.deepEqual(field(v2, 'resources'), { $ref: '#/definitions/io.k8s.api.core.v1.ResourceRequirements' })
})

test('openApiDefinitions() holds every type that is referred to', () => {
  const definitions = openApiDefinitions([view(Pod)], 'v3')
  const references = JSON.stringify([...definitions.values()]).matchAll(/#\/components\/schemas\/([^"]+)/g)
  for (const [, name] of references) assert.ok(definitions.has(name!), `${name} is missing`)
  assert.deepEqual(definitions.get('io.k8s.apimachinery.pkg.util.intstr.IntOrString'), {
    format: 'int-or-string',
    oneOf: [{ type: 'integer' }, { type: 'string' }],
  })
  assert.deepEqual(definitions.get('io.k8s.api.core.v1.Pod')?.['x-kubernetes-group-version-kind'], [
    { group: '', kind: 'Pod', version: 'v1' },
  ])
})
