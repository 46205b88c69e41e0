/** The balancer of a node for the cluster's API servers: where they are, which of them is well, and what is kept for later. */
import type { IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import { endpoints } from '../api/core/v1/endpoints.ts'
import { type Clock, delay } from '../base/clock.ts'
import { logger } from '../base/log.ts'
import { type Backend, startTcpBalancer } from '../base/tcp-balancer.ts'
import type { Client } from '../client/client.ts'
import type { Files } from '../host/files.ts'

/** Where every node has it, unless it is told otherwise. */
export const balancerAddress = '127.0.0.1:7445'
/** Every API server's certificate has this name, whatever its address is. */
export const apiServerName = 'kubernetes'

export interface ApiBalancerOptions {
  readonly host: string
  readonly port: number
  readonly files: Files
  /** Keeps the known API servers for a start without any of them. */
  readonly file: string
  /** `https://host:port` of the kubeconfig: the first to be asked; later used when no other is well. */
  readonly server: () => string
  /** Addresses of this machine: an API server here is used before all others. */
  readonly own: () => readonly string[]
  readonly ca: () => string | undefined
  readonly cert?: () => string | undefined
  readonly key?: () => string | undefined
  readonly clock: Clock
  readonly checkEvery?: number
  readonly checkTimeout?: number
}

export interface ApiBalancer {
  /** `https://127.0.0.1:7445` */
  readonly url: string
  /** By which certificates are checked that come through it. */
  readonly serverName: string
  /** Follows the cluster's list of API servers from now on. */
  follow(client: Client): void
  states(): ReturnType<Awaited<ReturnType<typeof startTcpBalancer>>['states']>
  stop(): Promise<void>
}

/** One that was in the cluster's list. */
interface Known {
  readonly host: string
  readonly port: number
  /** Milliseconds since the epoch. */
  readonly seen: number
}

const ranks = { own: 0, listed: 1, lastResort: 2 } as const
const askEvery = 5_000
/** Machines often come up together: for so long after a start, what was learnt last is old soon. */
const young = 60_000
const askSoon = 1_000
/** The list of a cluster loses servers that are away for a while, which may all be that are left later. */
const remembered = 3_600_000
const mostServers = 64
const log = logger('balancer')

/** Resolves when it listens; rejects when the port is taken. */
export async function startApiBalancer(options: ApiBalancerOptions): Promise<ApiBalancer> {
  const { files, file, clock } = options
  const stop = new AbortController()
  const checks = healthChecks(options)
  let known = await readKnown(files, file)
  let asking: Promise<void> | undefined
  let wake = new AbortController()

  const balancer = await startTcpBalancer({
    ...options,
    check: checks.check,
    changed({ host, port }, state, why) {
      const backend = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
      if (state === 'ready') log.info({ backend }, 'the API server is well')
      else if (state === 'alive') log.warn({ backend }, 'the API server answers, but says that it is not ready')
      else if (state === 'slow') log.warn({ backend, why }, 'the API server is late')
      else log.warn({ backend, why }, 'the API server does not answer')
      wake.abort()
    },
  })

  function apply(): void {
    const own = new Set(options.own())
    const seed = serverOf(options.server())
    const listed = known.map(({ host, port }) => ({ host, port, rank: own.has(host) ? ranks.own : ranks.listed }))
    const isListed = listed.some(({ host, port }) => host === seed.host && port === seed.port)
    const rank = own.has(seed.host) ? ranks.own : ranks.lastResort
    balancer.setBackends([...listed, ...(isListed ? [] : [{ ...seed, rank }])])
  }

  async function ask(client: Client): Promise<void> {
    const began = clock.now()
    while (!stop.signal.aborted) {
      let wait = clock.now() - began < young ? askSoon : askEvery
      try {
        const now = clock.now()
        const found = await listedServers(client, stop.signal)
        if (found.length > 0) {
          const there = new Set(found.map(({ host, port }) => `${host} ${port}`))
          const before = known.filter(k => !there.has(`${k.host} ${k.port}`) && now - k.seen < remembered)
          const next = [...found.map(server => ({ ...server, seen: now })), ...before].slice(0, mostServers)
          const changed = essence(next) !== essence(known)
          known = next
          if (changed) {
            log.info({ servers: next.map(({ host, port }) => `${host} ${port}`) }, 'API servers of the cluster')
            await files.write(file, `${JSON.stringify(known)}\n`, { mode: 0o600 })
          }
        }
        apply()
      } catch (error) {
        if (stop.signal.aborted) return
        log.debug({ error: (error as Error).message }, 'the API servers of the cluster are not known anew')
        wait = askSoon
      }
      wake = new AbortController()
      await delay(wait, AbortSignal.any([stop.signal, wake.signal]), clock).catch(() => {})
      // A server that went away is in the list for a while; asking at once and often would tell nothing new.
      if (wake.signal.aborted) await delay(askSoon, stop.signal, clock).catch(() => {})
    }
  }

  apply()
  return {
    url: `https://${options.host.includes(':') ? `[${options.host}]` : options.host}:${balancer.port}`,
    serverName: apiServerName,
    follow(client) {
      asking ??= ask(client)
    },
    states: balancer.states,
    async stop() {
      stop.abort(new Error('the balancer stops'))
      await balancer.stop()
      checks.close()
      await asking
    },
  }
}

const essence = (list: readonly Known[]) =>
  list
    .map(({ host, port }) => `${host} ${port}`)
    .sort()
    .join()

function serverOf(url: string): { readonly host: string; readonly port: number } {
  const { hostname, port } = new URL(url)
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || 443 }
}

/** What the cluster says: nodes may read these Endpoints everywhere, upstream's too. */
async function listedServers(client: Client, signal: AbortSignal): Promise<{ host: string; port: number }[]> {
  const { subsets } = await client.get(endpoints, { namespace: 'default', name: 'kubernetes' }, signal)
  return (subsets ?? []).flatMap(({ addresses = [], ports = [] }) => {
    const port = (ports.find(({ name }) => name === 'https') ?? ports[0])?.port
    return port ? addresses.map(({ ip }) => ({ host: ip, port })) : []
  })
}

async function readKnown(files: Files, file: string): Promise<readonly Known[]> {
  try {
    const read = JSON.parse((await files.readIfThere(file)) ?? '[]') as Known[]
    const good = (k: Known) => typeof k.host === 'string' && Number.isInteger(k.port) && Number.isFinite(k.seen)
    return read.filter(good).slice(0, mostServers)
  } catch (error) {
    log.warn(
      { file, error: (error as Error).message },
      'the list of API servers cannot be read; the kubeconfig has one',
    )
    return []
  }
}

/** Asks a backend whether it is ready, over a connection that is kept: a check costs one small request. */
function healthChecks({ ca, cert, key }: Pick<ApiBalancerOptions, 'ca' | 'cert' | 'key'>) {
  let current: { readonly agent: Agent; readonly credentials: string; asking: number } | undefined

  /** With the newest credentials. Whoever is asking with those of before is answered first: a renewal is no failure. */
  function renewed() {
    const tls = { ca: ca(), cert: cert?.(), key: key?.() }
    const credentials = JSON.stringify(tls)
    if (current?.credentials === credentials) return current
    if (current?.asking === 0) current.agent.destroy()
    const agent = new Agent({ ...tls, keepAlive: true, maxSockets: 1, servername: apiServerName })
    current = { agent, credentials, asking: 0 }
    return current
  }

  async function check(backend: Backend, signal: AbortSignal): Promise<'ready' | 'alive'> {
    const used = renewed()
    used.asking += 1
    try {
      return await ask(used.agent, backend, signal)
    } finally {
      used.asking -= 1
      if (used !== current && used.asking === 0) used.agent.destroy()
    }
  }

  function ask(agent: Agent, { host, port }: Backend, signal: AbortSignal): Promise<'ready' | 'alive'> {
    return new Promise((resolve, reject) => {
      const options = {
        host,
        port,
        path: '/readyz',
        agent,
        signal,
        headers: { 'user-agent': 'kobune-balancer' },
      }
      const asked = request(options, (response: IncomingMessage) => {
        response.resume()
        response.on('error', reject)
        // Who may not ask is answered by a server that works.
        const { statusCode = 500 } = response
        response.on('end', () => resolve(statusCode < 500 ? 'ready' : 'alive'))
      })
      asked.on('error', error => {
        const { code } = error as NodeJS.ErrnoException
        // The server closed the kept connection just now: it may be well all the same.
        if (asked.reusedSocket && (code === 'ECONNRESET' || code === 'EPIPE') && !signal.aborted) {
          resolve(ask(agent, { host, port, rank: 0 }, signal))
        } else reject(error)
      })
      asked.end()
    })
  }
  return { check, close: () => current?.agent.destroy() }
}
