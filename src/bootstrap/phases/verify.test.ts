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
