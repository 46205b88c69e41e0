/** The process of the cluster DNS: answers on port 53, and tells on another port whether it is alive and ready. */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { logger } from '../base/log.ts'
import { createClient } from '../client/client.ts'
import { httpTransport } from '../client/http-transport.ts'
import { inClusterOptions } from '../client/in-cluster.ts'
import { InformerSet } from '../client/informer.ts'
import { answer } from '../dns/answer.ts'
import { ClusterRecords } from '../dns/cluster-records.ts'
import { serveDns } from '../dns/server.ts'
import { upstream } from '../dns/upstream.ts'
import { settled } from './settled.ts'
import { untilStopped } from './until-stopped.ts'

export interface DnsProcessOptions {
  readonly port: string
  readonly healthPort: string
  readonly domain: string
}

const log = logger('dns')

/** The machine's resolvers, as the kubelet handed them on. */
function resolvers(): string[] {
  const text = readFileSync('/etc/resolv.conf', 'utf8')
  return [...text.matchAll(/^nameserver\s+(\S+)/gm)].map(match => match[1]!)
}

/** Runs until the process is told to stop; resolves to the exit code. */
export async function runDns({ port, healthPort, domain }: DnsProcessOptions): Promise<number> {
  const stop = untilStopped()
  const transport = httpTransport(await inClusterOptions())
  const informers = new InformerSet(createClient(transport))
  const records = new ClusterRecords({ informers, domain })
  const servers = resolvers()
  let ready = false
  const health = createServer((request, response) => {
    const good = request.url === '/health' || (request.url === '/ready' && ready)
    response.writeHead(good ? 200 : 503).end(good ? 'OK' : 'not ready')
  }).listen(Number(healthPort))
  void records.synced().then(
    () => {
      ready = true
    },
    () => {},
  )
  const options = { records, upstream: upstream({ servers }), domain }
  const server = await serveDns({ port: Number(port), answer: query => answer(query, options) })
  log.info({ port: server.port, domain, upstream: servers }, 'answering')
  settled()
  await stop
  ready = false
  health.close()
  await server.stop()
  await informers.stop()
  await transport.close()
  return 0
}
