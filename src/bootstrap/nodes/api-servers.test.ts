import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodes } from '../../api/core/v1/node.ts'
import { pods } from '../../api/core/v1/pod.ts'
import { endpointSlices } from '../../api/discovery/v1/endpoint-slice.ts'
import { MemoryApi } from '../../client/memory-api.ts'
import { apiServers, serversWithoutPods } from './api-servers.ts'

test('API servers are found as pods and, of machines without pods, in the endpoints', async () => {
  const api = new MemoryApi()
  const { client } = api
  const node = (name: string, address: string, labels: Record<string, string>) =>
    client.create(nodes, { metadata: { name, labels }, status: { addresses: [{ type: 'InternalIP', address }] } })
  const controlPlane = { 'node-role.kubernetes.io/control-plane': '' }
  await node('pods', '10.0.0.1', controlPlane)
  await node('units', '10.0.0.2', controlPlane)
  await node('worker', '10.0.0.3', {})
  await client.create(pods, {
    metadata: {
      namespace: 'kube-system',
      name: 'kube-apiserver-pods',
      labels: { component: 'kube-apiserver', tier: 'control-plane' },
      annotations: { 'kubeadm.kubernetes.io/kube-apiserver.advertise-address.endpoint': '10.0.0.1:6443' },
    },
    spec: { nodeName: 'pods', containers: [{ name: 'kube-apiserver', image: 'x' }] },
  })
  await client.create(endpointSlices, {
    metadata: { namespace: 'default', name: 'kubernetes', labels: { 'kubernetes.io/service-name': 'kubernetes' } },
    addressType: 'IPv4',
    endpoints: ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.9'].map(address => ({ addresses: [address] })),
    ports: [{ name: 'https', port: 6443 }],
  })
  assert.deepEqual(await serversWithoutPods(client), new Map([['units', '10.0.0.2:6443']]))
  assert.deepEqual(Object.fromEntries(await apiServers(client)), { pods: '10.0.0.1:6443', units: '10.0.0.2:6443' })
})
