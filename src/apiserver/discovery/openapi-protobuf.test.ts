import assert from 'node:assert/strict'
import { test } from 'node:test'
import { utf8, wireFields } from '../protobuf/wire.ts'
import { openApiProtobuf } from './openapi-protobuf.ts'

/** The values of a field, as bytes; nested by numbers. */
function at(bytes: Uint8Array, ...numbers: number[]): Uint8Array[] {
  const [number, ...rest] = numbers
  if (number === undefined) return [bytes]
  const found = [...wireFields(bytes)].filter(field => field.number === number)
  return found.flatMap(({ value }) => at(value as Uint8Array, ...rest))
}
const texts = (bytes: Uint8Array, ...numbers: number[]) => at(bytes, ...numbers).map(utf8)

test('openApiProtobuf() writes definitions and paths where clients look for them', () => {
  const bytes = openApiProtobuf({
    swagger: '2.0',
    info: { title: 'Kubernetes', version: 'v1' },
    paths: {
      '/a/{name}': {
        parameters: [{ name: 'name', in: 'path', required: true, type: 'string' }],
        patch: {
          operationId: 'patchA',
          consumes: ['application/json'],
          'x-kubernetes-group-version-kind': { group: '', kind: 'A', version: 'v1' },
          parameters: [{ name: 'dryRun', in: 'query', type: 'string' }],
          responses: { 200: { description: 'OK', schema: { $ref: '#/definitions/A' } } },
        },
      },
    },
    definitions: {
      A: {
        type: 'object',
        required: ['b', 'c'],
        properties: { b: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' } },
      },
    },
  })
  assert.deepEqual(texts(bytes, 1), ['2.0'])
  assert.deepEqual(texts(bytes, 9, 1, 1), ['A'])
  assert.deepEqual(texts(bytes, 9, 1, 2, 19), ['b', 'c'])
  assert.deepEqual(texts(bytes, 9, 1, 2, 25, 1, 2, 23, 1, 22, 1), ['string'])
  assert.deepEqual(texts(bytes, 9, 1, 2, 25, 1, 2, 31, 2, 2), ['"set"\n'])
  const path = [8, 2, 2]
  assert.deepEqual(texts(bytes, 8, 2, 1), ['/a/{name}'])
  assert.deepEqual(texts(bytes, ...path, 8, 8, 1, 2, 3, 4), ['dryRun'])
  assert.deepEqual(texts(bytes, ...path, 9, 1, 2, 4, 4), ['name'])
  assert.deepEqual(texts(bytes, ...path, 8, 13, 1), ['x-kubernetes-group-version-kind'])
  assert.deepEqual(texts(bytes, ...path, 8, 9, 1, 2, 1, 2, 1, 1), ['#/definitions/A'])
})
