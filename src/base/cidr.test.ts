import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addressAt, containsAddress, formatAddress, overlaps, parseAddress, parseCidr } from './cidr.ts'

test('parseAddress() and formatAddress() agree on the usual text', () => {
  for (const text of [
    '10.96.0.1',
    '255.255.255.255',
    '::',
    '::1',
    'fd00:10:96::a',
    '2001:db8::1:0:0:1',
    '1:2:3:4:5:6:7:8',
  ]) {
    const parsed = parseAddress(text)!
    assert.equal(formatAddress(parsed.family, parsed.value), text)
  }
  assert.equal(parseAddress('::ffff:10.0.0.1')?.value, 0xffff0a000001n)
  for (const text of ['', '10.0.0', '10.0.0.256', '01.2.3.4', ':::', '1:2:3:4:5:6:7:8:9', '::g']) {
    assert.equal(parseAddress(text), undefined, text)
  }
})

test('parseCidr() takes networks only', () => {
  assert.deepEqual(parseCidr('10.96.0.0/12'), { family: 4, first: 0x0a600000n, length: 12 })
  for (const text of ['10.96.0.1/12', '10.96.0.0', '10.96.0.0/33', 'x/8', '10.0.0.0/8/8']) {
    assert.equal(parseCidr(text), undefined, text)
  }
})

test('addressAt(), containsAddress() and overlaps() stay inside', () => {
  const services = parseCidr('10.96.0.0/12')!
  assert.equal(addressAt(services, 10), '10.96.0.10')
  assert.equal(addressAt(services, -1), '10.111.255.255')
  assert.throws(() => addressAt(parseCidr('10.0.0.0/30')!, 4), RangeError)
  assert.ok(containsAddress(services, '10.100.1.1'))
  assert.ok(!containsAddress(services, '10.112.0.0'))
  assert.ok(overlaps(services, parseCidr('10.0.0.0/8')!))
  assert.ok(!overlaps(services, parseCidr('10.244.0.0/16')!))
})
