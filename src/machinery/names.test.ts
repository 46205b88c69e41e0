import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  configMapKey,
  dns1035Label,
  dnsLabel,
  dnsSubdomain,
  labelValue,
  pathSegment,
  portName,
  qualifiedName,
} from './names.ts'

test('names that are right have nothing wrong', () => {
  for (const wrong of [
    dnsLabel('a-1'),
    dnsSubdomain('a.b-c.d'),
    dns1035Label('a1'),
    labelValue(''),
    labelValue('A_b.c'),
    qualifiedName('example.com/My_name'),
    qualifiedName('app'),
    configMapKey('a.b_C-d'),
    pathSegment('system:node'),
    portName('http-1'),
  ])
    assert.deepEqual(wrong, [])
})

test('names that are wrong are told in the words clients know', () => {
  assert.deepEqual(dnsSubdomain('A'), [
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
  ])
  assert.deepEqual(dnsLabel('a.b'), [
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
  ])
  assert.deepEqual(dnsLabel('a'.repeat(64)), ['must be no more than 63 bytes'])
  assert.deepEqual(qualifiedName('/a'), ['prefix part must be non-empty'])
  assert.deepEqual(pathSegment('a/b'), ["may not contain '/'"])
  assert.deepEqual(portName('1'), ['must contain at least one letter (a-z)'])
  assert.match(labelValue('-')[0]!, /^a valid label must be an empty string or consist of/)
  assert.match(qualifiedName('a/b/c')[0]!, /with an optional DNS subdomain prefix/)
})
