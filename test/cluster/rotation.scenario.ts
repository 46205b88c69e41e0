/**
 * What rotate-ca.test.ts and endpoint.test.ts run on a worker: clients of several kinds, each with a new connection per
 * request: by a copy of admin.conf through the node's balancer, as a pod through the cluster's Service, and, asked for with
 * `direct`, by the copy to where it says. Prints how often each asked, and what failed, when /root/stop is there.
 */
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { configMaps } from '../../src/api/core/v1/config-map.ts'
import { nodes } from '../../src/api/core/v1/node.ts'
import { createClient } from '../../src/client/client.ts'
import { type HttpTransportOptions, httpTransport } from '../../src/client/http-transport.ts'
import { loadKubeconfig } from '../../src/client/kubeconfig.ts'

const [podUid = '', direct] = process.argv.slice(2)
const balancer = { server: 'https://127.0.0.1:7445', serverName: 'kubernetes' }
const asked: Record<string, number> = {}
const failures: string[] = []

/** Files as a program in the pod sees them. */
async function podCredentials(): Promise<HttpTransportOptions> {
  const volumes = `/var/lib/kubelet/pods/${podUid}/volumes/kubernetes.io~projected`
  const [volume] = await readdir(volumes)
  const read = (name: string) => readFile(`${volumes}/${volume}/${name}`, 'utf8')
  return { server: 'https://10.96.0.1:443', ca: await read('ca.crt'), token: (await read('token')).trim() }
}

async function loop(name: string, credentials: () => Promise<HttpTransportOptions>, end: string): Promise<void> {
  for (let i = 0; !existsSync(end); i++) {
    try {
      const transport = httpTransport({ ...(await credentials()), timeout: 15_000 })
      try {
        const client = createClient(transport)
        await client.list(nodes)
        if (name !== 'pod') {
          const key = { namespace: 'default', name: `probe-${name}-${i}` }
          await client.create(configMaps, { metadata: key })
          await client.delete(configMaps, key)
        }
      } finally {
        await transport.close()
      }
      asked[name] = (asked[name] ?? 0) + 1
    } catch (error) {
      if (existsSync(end)) return
      const { message, code } = error as NodeJS.ErrnoException
      failures.push(`${new Date().toISOString()} ${name}: ${message}${code ? ` (${code})` : ''}`)
    }
    await new Promise(resolve => setTimeout(resolve, 100))
  }
}

await Promise.all([
  // A copy that was made before, and an administrator who has the newest.
  loop('copy', async () => ({ ...(await loadKubeconfig('/root/copy.conf')), ...balancer }), '/root/stop-copy'),
  loop('pod', podCredentials, '/root/stop'),
  ...(direct ? [loop('direct', () => loadKubeconfig('/root/copy.conf'), '/root/stop')] : []),
])
console.log(JSON.stringify({ asked, failures }))
