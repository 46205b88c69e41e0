import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createClient } from '../../client/client.ts'
import type { ApiCall, Transport } from '../../client/transport.ts'
import { notFound } from '../../machinery/status-error.ts'
import type { NodeContext } from '../node-context.ts'
import { verifyPhase } from './verify.ts'

test('a cluster whose network is left to others is not asked to run a pod yet', async () => {
  const asked: string[] = []
  const call = async ({ verb, resource, name }: ApiCall) => {
    asked.push(`${verb} ${resource.plural} ${name}`)
    throw notFound({ group: resource.group, resource: resource.plural, name: name! })
  }
  const said: string[] = []
  const context = {
    admin: async () => createClient({ call } as Partial<Transport> as Transport),
    say: (line: string) => said.push(line),
    node: { name: 'n1' },
  } as unknown as NodeContext
  await verifyPhase.run!(context, () => {})
  assert.deepEqual(asked, ['get configmaps kobune-network'])
  assert.match(said.join('\n'), /There is no pod network yet/)
})

test('the user says how long a slow machine may take to be ready, and is told what it lacked', async () => {
  const conditions = [{ type: 'Ready', status: 'False', message: 'container runtime network not ready' }]
  let asked = 0
  const call = async ({ resource }: ApiCall) => {
    if (resource.plural === 'nodes') asked++
    return resource.plural === 'nodes' ? { metadata: { name: 'n1' }, status: { conditions } } : { data: {} }
  }
  const context = {
    admin: async () => createClient({ call } as Partial<Transport> as Transport),
    node: { name: 'n1' },
    timeouts: { controlPlaneComponentHealthCheck: '120ms' },
  } as unknown as NodeContext
  await assert.rejects(async () => verifyPhase.run!(context, () => {}), /container runtime network not ready/)
  assert.ok(asked > 1, 'it is asked again within that time')
})
