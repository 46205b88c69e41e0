import assert from 'node:assert/strict'
import { test } from 'node:test'
import { valueErrors } from './json-schema.ts'

const cases: readonly (readonly [what: string, schema: object, value: unknown, errors: readonly RegExp[]])[] = [
  ['bounds', { minimum: 1, maximum: 3 }, 2, []],
  ['a small number', { minimum: 1 }, 0, [/should be greater than or equal to 1/]],
  ['an excluded bound', { maximum: 3, exclusiveMaximum: true }, 3, [/should be less than 3/]],
  ['multiples', { multipleOf: 5 }, 7, [/should be a multiple of 5/]],
  ['short and strange text', { minLength: 3, pattern: '^a' }, 'b', [/at least 3 chars/, /should match '\^a'/]],
  ['values to choose from', { enum: [1, 'a'] }, 'b', [/Unsupported value: "b": supported values: "1", "a"/]],
  ['long lists', { maxItems: 1 }, [1, 2], [/must have at most 1 items/]],
  ['few properties', { minProperties: 1 }, {}, [/should have at least 1 properties/]],
  ['what is inside', { properties: { a: { items: { maximum: 1 } } } }, { a: [1, 2] }, [/^a\[1\]: Invalid value: 2/]],
  ['names of any kind', { additionalProperties: { maxLength: 1 } }, { x: 'yy' }, [/^x: Invalid value/]],
  ['one of several', { oneOf: [{ required: ['a'] }, { required: ['b'] }] }, { a: 1 }, []],
  ['both of one', { oneOf: [{ required: ['a'] }, { required: ['b'] }] }, { a: 1, b: 1 }, [/\(oneOf\)/]],
  ['none of any', { anyOf: [{ type: 'string' }, { minimum: 5 }] }, 1, [/\(anyOf\)/]],
  ['what must not be', { not: { enum: ['x'] } }, 'x', [/\(not\)/]],
  ['null where it is allowed', { nullable: true, minLength: 1 }, null, []],
]
for (const [what, schema, value, errors] of cases) {
  test(`valueErrors() of ${what}`, () => {
    const found = valueErrors(schema, value).map(String)
    assert.equal(found.length, errors.length, found.join('\n'))
    for (const [i, error] of errors.entries()) assert.match(found[i]!, error)
  })
}
