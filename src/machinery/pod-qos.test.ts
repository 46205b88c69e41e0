import assert from 'node:assert/strict'
import { test } from 'node:test'
import { qosClass } from './pod-qos.ts'

test('qosClass() follows requests and limits', () => {
  const full = { cpu: '1', memory: '1Gi' }
  assert.equal(qosClass({ containers: [{}] }), 'BestEffort')
  assert.equal(qosClass({ containers: [{ resources: { requests: { cpu: '1m' } } }] }), 'Burstable')
  assert.equal(qosClass({ containers: [{ resources: { limits: full, requests: full } }] }), 'Guaranteed')
  assert.equal(qosClass({ containers: [{ resources: { limits: full } }, {}] }), 'Burstable')
})
