import assert from 'node:assert/strict'
import { test } from 'node:test'
import { selfSigned } from '../kubelet/certificates/self-signed.ts'
import { nodeMetrics } from './node-metrics.ts'

test('a node tells how long its certificates last and how the API servers are', async () => {
  const now = Date.UTC(2026, 0, 1)
  const pair = await selfSigned('n', ['n'], now)
  const backends = () => [
    { host: '10.0.0.1', port: 6443, rank: 0, state: 'ready', connections: 3 } as const,
    { host: 'fd00::1', port: 6443, rank: 1, state: 'down', connections: 0 } as const,
  ]
  const text = nodeMetrics({ serving: () => pair, backends }, now)
  assert.match(text, /^kubelet_certificate_manager_server_ttl_seconds 31536000$/m)
  assert.match(text, /^kobune_api_balancer_backend_ready\{backend="10\.0\.0\.1:6443"\} 1$/m)
  assert.match(text, /^kobune_api_balancer_backend_ready\{backend="\[fd00::1\]:6443"\} 0$/m)
  assert.match(text, /^kobune_api_balancer_connections\{backend="10\.0\.0\.1:6443"\} 3$/m)
  assert.doesNotMatch(text, /client_ttl/)
})
