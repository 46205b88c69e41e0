import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatAddress } from '../base/cidr.ts'
import { parseOverlayConfig } from './net-conf.ts'

const parse = (value: unknown, pieces = true) => parseOverlayConfig(JSON.stringify(value), { pieces })

test('parseOverlayConfig() fills in what flannel does, whatever the case of names', () => {
  const { subnetLength, subnetMin, subnetMax, backend } = parse({ network: '10.5.0.0/16', BACKEND: { type: 'vxlan' } })
  assert.equal(subnetLength, 24)
  assert.deepEqual(
    [subnetMin, subnetMax].map(first => formatAddress(4, first)),
    ['10.5.1.0', '10.5.255.0'],
  )
  assert.deepEqual(backend, {
    type: 'vxlan',
    vni: 1,
    port: 8472,
    directRouting: false,
    learning: false,
    mtu: undefined,
  })
  assert.equal(parse({ Network: '10.5.0.0/23' }).subnetLength, 25)
  assert.deepEqual(parse({ Network: '10.5.0.0/16' }).backend, { type: 'udp', port: 8285 })
})

test('parseOverlayConfig() names the field that cannot be, and why', () => {
  const wrong: readonly [unknown, RegExp][] = [
    [{}, /: Network is missing/],
    [{ Network: '10.5.0.1/16' }, /: Network "10\.5\.0\.1\/16" is no IPv4 network/],
    [{ Network: '10.5.0.0/29' }, /: Network is too small/],
    [{ Network: '10.5.0.0/16', SubnetLen: 31 }, /: SubnetLen must be from 18 to 30/],
    [{ Network: '10.5.0.0/16', SubnetMin: '10.6.0.0' }, /: SubnetMin "10\.6\.0\.0" is no address of 10\.5\.0\.0\/16/],
    [{ Network: '10.5.0.0/16', SubnetMax: '10.5.9.7' }, /: SubnetMax 10\.5\.9\.7 is not where a piece of \/24 begins/],
    [{ Network: '10.5.0.0/16', Backend: { Type: 'ipsec' } }, /: Backend\.Type "ipsec" is not built in/],
    [{ Network: '10.5.0.0/16', Backend: { Type: 'vxlan', VNI: 'x' } }, /: Backend\.VNI must be a number/],
    [{ Network: '10.5.0.0/16', EnableIPv6: true }, /: EnableIPv6 IPv6 between nodes is not built in/],
    [[], /must be an object/],
  ]
  for (const [value, message] of wrong) assert.throws(() => parse(value), { name: 'OverlayConfigError', message })
  assert.throws(() => parseOverlayConfig('{'), /no JSON/)
})
