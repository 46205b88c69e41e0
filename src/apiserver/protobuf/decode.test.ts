import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Deployment } from '../../api/apps/v1/deployment.ts'
import { CSINode } from '../../api/storage/v1/csi-node.ts'
import { fill } from '../../schema/fill.ts'
import { view } from '../../schema/view.ts'
import { decodeMessage, openEnvelope } from './decode.ts'

const field = (number: number, bytes: Uint8Array | string) => {
  const value = Buffer.from(bytes)
  return Buffer.concat([Buffer.from([(number << 3) | 2, value.length]), value])
}
const number = (at: number, value: number) => Buffer.from([at << 3, value])
const message = (...parts: Buffer[]) => Buffer.concat(parts)

test('decodeMessage() makes JSON of what Go clients send', () => {
  const labels = field(11, message(field(1, 'app'), field(2, 'web')))
  const metadata = message(field(1, 'd'), field(2, ''), field(8, ''), labels)
  const container = message(field(1, 'c'), field(2, 'nginx'), field(6, message(field(1, ''), number(3, 80))))
  const template = message(field(2, field(2, container)))
  const surge = field(2, field(2, message(number(1, 1), number(2, 0), field(3, '25%'))))
  const spec = message(number(1, 3), field(3, template), field(4, surge), number(5, 0))
  const raw = message(field(1, metadata), field(2, spec))
  const envelope = Buffer.concat([
    Buffer.from('k8s\0'),
    field(1, message(field(1, 'apps/v1'), field(2, 'Deployment'))),
    field(2, raw),
  ])
  const opened = openEnvelope(envelope)
  assert.deepEqual([opened.apiVersion, opened.kind], ['apps/v1', 'Deployment'])
  assert.deepEqual(decodeMessage(view(Deployment), opened.raw), {
    metadata: { name: 'd', labels: { app: 'web' } },
    spec: {
      replicas: 3,
      template: { spec: { containers: [{ name: 'c', image: 'nginx', ports: [{ containerPort: 80 }] }] } },
      strategy: { rollingUpdate: { maxSurge: '25%' } },
    },
  })
})

test('an empty list, of which Go sends nothing, is an empty list', () => {
  const csiNode = decodeMessage(view(CSINode), message(field(1, field(1, 'n1')), field(2, '')))
  fill(view(CSINode), csiNode)
  assert.deepEqual(csiNode.spec, { drivers: [] })
})

test('what is no protobuf is refused', () => {
  assert.throws(() => openEnvelope(Buffer.from('{"a":1}')), { code: 400 })
  assert.throws(() => decodeMessage(view(Deployment), Buffer.from([0x0a, 0x50, 1])), { code: 400 })
})
