/**
 * What clock-months.test.ts runs on its machine, under the same false clock as the cluster: sets it ahead step by step, and
 * asks all the time. Prints one JSON object.
 */
import { writeFile } from 'node:fs/promises'
import { connect } from 'node:tls'
import { configMaps } from '../../src/api/core/v1/config-map.ts'
import { nodes } from '../../src/api/core/v1/node.ts'
import { createClient } from '../../src/client/client.ts'
import { httpTransport } from '../../src/client/http-transport.ts'
import { loadKubeconfig } from '../../src/client/kubeconfig.ts'

const [clockFile = '', address = '', ...steps] = process.argv.slice(2)
/** As long as it takes everybody to look at the clock, milliseconds. */
const patience = 11_000
const failures: string[] = []
const seen: Record<string, string[]> = {}
let over = false
let made = 0
let days = '0'

async function probe(name: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const socket = connect({ host: address, port, rejectUnauthorized: false }, () => {
      const { valid_to, serialNumber } = socket.getPeerCertificate()
      const list = (seen[name] ??= [])
      if (!list.includes(serialNumber)) list.push(serialNumber)
      if (Date.parse(valid_to) <= Date.now()) failures.push(`day ${days}: ${name} expired at ${valid_to}`)
      socket.destroy()
      resolve()
    })
    socket.on('error', reject)
  })
}

async function work(): Promise<boolean> {
  const transport = httpTransport({ ...(await loadKubeconfig('/etc/kubernetes/admin.conf')), timeout: 10_000 })
  try {
    const client = createClient(transport)
    const key = { namespace: 'default', name: `month-${made++}` }
    await client.create(configMaps, { metadata: key })
    await client.delete(configMaps, key)
    const { items } = await client.list(nodes)
    return items.every(({ status }) =>
      status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True'),
    )
  } finally {
    await transport.close()
  }
}

async function asking(): Promise<void> {
  while (!over) {
    try {
      await probe('API server', 6443)
      await probe('kubelet', 10250)
      await work()
    } catch (error) {
      failures.push(`day ${days}: ${(error as Error).message}`)
    }
    await new Promise(resolve => setTimeout(resolve, 250))
  }
}

const running = asking()
const ready: Record<string, boolean> = {}
for (const step of steps) {
  await writeFile(clockFile, `+${step}d\n`)
  days = step
  await new Promise(resolve => setTimeout(resolve, patience))
  ready[step] = await work().catch(() => false)
}
over = true
await running
console.log(JSON.stringify({ failures, seen, ready, now: new Date().toISOString() }))
