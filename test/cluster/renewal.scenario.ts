/**
 * What certificate-renewal.test.ts runs on a machine of the control plane: looks at the certificate of every server each
 * second, and asks and changes things as an administrator without a pause. Prints one JSON object at the end.
 */
import { readFile } from 'node:fs/promises'
import { connect } from 'node:tls'
import { configMaps } from '../../src/api/core/v1/config-map.ts'
import { nodes } from '../../src/api/core/v1/node.ts'
import { createClient } from '../../src/client/client.ts'
import { httpTransport } from '../../src/client/http-transport.ts'
import { followKubeconfig, loadKubeconfig } from '../../src/client/kubeconfig.ts'

const [seconds, ...addresses] = process.argv.slice(2)
const [own = ''] = addresses
const pki = '/etc/kubernetes/pki'
const conf = '/etc/kubernetes/admin.conf'
const end = Date.now() + Number(seconds) * 1000
const failures: string[] = []
const seen: Record<string, string[]> = {}
let requests = 0

interface Server {
  readonly name: string
  readonly host: string
  readonly port: number
  /** Shown to servers that demand one. */
  readonly client?: string
}
const servers: readonly Server[] = [
  { name: 'API server', host: own, port: 6443 },
  { name: 'etcd for clients', host: own, port: 2379, client: `${pki}/apiserver-etcd-client` },
  { name: 'etcd for peers', host: own, port: 2380, client: `${pki}/etcd/peer` },
  { name: 'controller manager', host: '127.0.0.1', port: 10257 },
  { name: 'scheduler', host: '127.0.0.1', port: 10259 },
  ...addresses.map((host, i) => ({ name: `kubelet ${i}`, host, port: 10250 })),
]

const fail = (what: string, error: unknown) => {
  const { message, code } = error as NodeJS.ErrnoException
  failures.push(`${new Date().toISOString()} ${what}: ${message}${code ? ` (${code})` : ''}`)
}

async function probe({ name, host, port, client }: Server): Promise<void> {
  const [cert, key] = client ? await Promise.all([`${client}.crt`, `${client}.key`].map(file => readFile(file))) : []
  await new Promise<void>((resolve, reject) => {
    const socket = connect({ host, port, rejectUnauthorized: false, ...(cert && key && { cert, key }) }, () => {
      const { valid_to, serialNumber } = socket.getPeerCertificate()
      const list = (seen[name] ??= [])
      if (!list.includes(serialNumber)) list.push(serialNumber)
      if (Date.parse(valid_to) <= Date.now()) failures.push(`${name} shows a certificate that expired at ${valid_to}`)
      socket.destroy()
      resolve()
    })
    socket.setTimeout(5_000, () => socket.destroy(new Error('no answer within 5 s')))
    socket.on('error', reject)
  })
}

async function each(milliseconds: number, work: () => Promise<unknown>): Promise<void> {
  while (Date.now() < end) {
    await work()
    await new Promise(resolve => setTimeout(resolve, milliseconds))
  }
}

/** Reads its kubeconfig anew for each request, as kubectl does. */
async function administer(): Promise<void> {
  const transport = httpTransport({ ...(await loadKubeconfig(conf)), timeout: 10_000 })
  try {
    const client = createClient(transport)
    const { items } = await client.list(nodes)
    for (const { metadata, status } of items) {
      const ready = status.conditions?.find(({ type }) => type === 'Ready')?.status
      if (ready !== 'True') failures.push(`node ${metadata.name} is Ready: ${ready}`)
    }
    await client.create(configMaps, { metadata: { namespace: 'default', name: 'renewal-probe' } })
    await client.delete(configMaps, { namespace: 'default', name: 'renewal-probe' })
    requests += 3
  } finally {
    await transport.close()
  }
}

const followed = await followKubeconfig(conf)
const kept = httpTransport({ ...followed.options, timeout: 10_000 })
const keptClient = createClient(kept)
await Promise.all([
  ...servers.map(server => each(1_000, () => probe(server).catch(error => fail(server.name, error)))),
  each(200, () => administer().catch(error => fail('a new client', error))),
  each(500, () =>
    keptClient.list(nodes).then(
      () => void requests++,
      error => fail('a client that stays', error),
    ),
  ),
])
followed.stop()
await kept.close()
console.log(JSON.stringify({ requests, failures, seen }))
