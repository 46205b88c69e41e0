import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { ListMeta } from '../../src/api/meta/v1/list-meta.ts'
import { resources } from '../../src/api/resources.ts'
import { openApiDefinition, openApiListDefinition } from '../../src/schema/openapi.ts'
import type { AnyResource } from '../../src/schema/resource.ts'
import { view } from '../../src/schema/view.ts'
import { type ApiPath, checkedKinds, clientModels } from './api-references.ts'
import { declaredTypes } from './declared-types.ts'

/** The specification file, when present, is compared with in full; else the models of the JavaScript client are. */
const specification =
  process.env.KOBUNE_OPENAPI ?? new URL('../../../shared/spec/openapi-v1.36.json', import.meta.url).pathname

type Json = Record<string, unknown>
interface Specification {
  readonly definitions: Record<string, Json>
  readonly paths: Record<string, Record<string, ApiPath>>
}

const withoutDescriptions = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (key, part: unknown) =>
      key === 'description' && typeof part === 'string' ? undefined : part,
    ),
  )

/** Their lists of kinds name every group there is, served or not. */
const kindsOfEveryGroup = ['DeleteOptions', 'WatchEvent']
/** The body of patch requests, which no object has a field of. */
const neverAField = ['io.k8s.apimachinery.pkg.apis.meta.v1.Patch']
/** Alpha and beta packages, which are not served. */
const unserved = /\.v\d+(alpha|beta)\d+\./
/** List types are made from their resources; these are lists only by name. */
const isList = (name: string, all: ReadonlySet<string>) =>
  name.endsWith('List') && all.has(name.slice(0, -'List'.length))

describe('against the specification file', { skip: !existsSync(specification) && 'it is not present' }, async () => {
  const { definitions, paths } = existsSync(specification)
    ? (JSON.parse(readFileSync(specification, 'utf8')) as Specification)
    : { definitions: {}, paths: {} }
  const declared = await declaredTypes()

  test('every definition of a served group is declared, and just so', () => {
    const names = new Set(Object.keys(definitions))
    const differences: string[] = []
    for (const [name, definition] of Object.entries(definitions)) {
      if (neverAField.includes(name) || unserved.test(name) || isList(name, names)) continue
      const type = declared.get(name)
      if (!type) {
        differences.push(`${name}: not declared`)
        continue
      }
      const expected = sorted(withoutDescriptions(definition) as Json)
      const actual = sorted(openApiDefinition(type, 'v2'))
      if (kindsOfEveryGroup.some(kind => name.endsWith(`.${kind}`))) delete expected['x-kubernetes-group-version-kind']
      differences.push(...difference(name, actual, expected))
    }
    for (const name of declared.keys()) if (!names.has(name)) differences.push(`${name}: not in the specification`)
    assert.deepEqual(differences, [])
  })

  test('every list of a resource is as specified', () => {
    const differences = resources
      .filter(resource => resource.verbs.includes('list'))
      .flatMap(resource => {
        const [name, definition] = openApiListDefinition(resource, view(ListMeta), 'v2')
        return difference(name, definition, withoutDescriptions(definitions[name]))
      })
    assert.deepEqual(differences, [])
  })

  test('every resource has the verbs, subresources and scope of its paths', () => {
    const specified = checkedKinds(paths)
    const differences: string[] = []
    for (const resource of resources) {
      const key = `${resource.apiVersion}/${resource.plural}`
      differences.push(...difference(key, surface(resource), specified.get(key)))
      specified.delete(key)
    }
    for (const key of specified.keys()) differences.push(`${key}: not declared`)
    assert.deepEqual(differences, [])
  })
})

/** The order of required fields says nothing. */
function sorted(definition: object): Json {
  const { required, ...rest } = definition as { required?: readonly string[] }
  return { ...rest, ...(required && { required: [...required].sort() }) }
}

/** What can be asked of a resource, in the form of `checkedKinds()`. */
function surface(resource: AnyResource) {
  const { namespaced, verbs, status, scale, subresources } = resource
  const below = [...subresources, ...(status ? ['status'] : []), ...(scale ? ['scale'] : [])]
  return { namespaced, verbs: [...verbs].sort(), subresources: below.sort() }
}

test('every declared type has the fields of its client model', async t => {
  const models = await clientModels()
  const declared = await declaredTypes()
  const differences: string[] = []
  let compared = 0
  for (const [name, type] of declared) {
    const fields = models.get(name)
    if (!fields || !type.fields) continue
    compared++
    differences.push(...difference(name, [...type.fields.keys()].sort(), [...fields].sort()))
  }
  t.diagnostic(`compared ${compared} types with the models of @kubernetes/client-node`)
  assert.ok(compared > 500)
  assert.deepEqual(differences, [])
})

/** Each place where two JSON values differ. */
function difference(path: string, actual: unknown, expected: unknown): readonly string[] {
  if (isObject(actual) && isObject(expected)) {
    return [...new Set([...Object.keys(actual), ...Object.keys(expected)])].flatMap(key =>
      difference(`${path}.${key}`, actual[key], expected[key]),
    )
  }
  const [left, right] = [JSON.stringify(actual), JSON.stringify(expected)]
  return left === right ? [] : [`${path}: ${left}, specified ${right}`]
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
