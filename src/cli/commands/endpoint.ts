import { adminKubeconfigs, clientAnotherWay } from '../../bootstrap/client.ts'
import { endpoint as checkEndpoint, splitEndpoint } from '../../bootstrap/config/rules.ts'
import { applyEndpoint } from '../../bootstrap/endpoint/apply.ts'
import { setEndpointPhases } from '../../bootstrap/endpoint/set.ts'
import { haproxyConfiguration } from '../../bootstrap/haproxy.ts'
import { hostPort } from '../../bootstrap/node-context.ts'
import { apiServers } from '../../bootstrap/nodes/api-servers.ts'
import { paths } from '../../bootstrap/paths.ts'
import { balancerServer } from '../../bootstrap/phases/addons.ts'
import type { Client } from '../../client/client.ts'
import type { HttpTransportOptions } from '../../client/http-transport.ts'
import { linuxHost } from '../../host/host.ts'
import type { Call } from '../command.ts'
import { mended } from '../mended.ts'
import { writeLine } from '../print.ts'
import { UserError } from '../user-error.ts'
import { needsRoot } from './needs-root.ts'
import { runWorkflow } from './workflow.ts'

/** `kobune config endpoint set HOST:PORT` */
export async function set({ args, options }: Call): Promise<number> {
  needsRoot('config endpoint set')
  const endpoint = withPort(args[0] as string)
  const [problem] = checkEndpoint(endpoint, 'endpoint', { port: 'required' })
  if (problem) throw new UserError(String(problem), { exitCode: 2 })
  await withClient([paths.adminConf], hereFirst, async client => {
    const context = { host: linuxHost, client, endpoint, check: options.check !== false, say: writeLine }
    const hint = 'the command may be given again; until it says so, nobody is sent to the new address'
    await runWorkflow({ command: 'config endpoint set', phases: setEndpointPhases, context, hint })
  })
  return 0
}

function withPort(text: string): string {
  const parts = splitEndpoint(text)
  return parts && parts.port === undefined ? hostPort(parts.host, 6443) : text
}

/** `kobune config endpoint apply` */
export async function apply(): Promise<number> {
  needsRoot('config endpoint apply')
  const files = [...adminKubeconfigs, paths.kubeletConf]
  await withClient(files, hereFirst, client => mended(applyEndpoint(linuxHost, client, writeLine)))
  writeLine('This machine has the endpoint of the cluster.')
  return 0
}

/** `kobune config haproxy` */
export async function haproxy({ options }: Call): Promise<number> {
  const bindPort = Number(options.bindPort)
  if (!(Number.isInteger(bindPort) && bindPort > 0 && bindPort < 65_536))
    throw new UserError(`--bind-port: ${String(options.bindPort)} is not between 1 and 65535`, { exitCode: 2 })
  const servers = await withClient([String(options.kubeconfig)], [{}], client => mended(apiServers(client)))
  if (servers.size === 0)
    throw new UserError('the cluster does not tell where its API servers are', {
      hint: 'kubectl get endpointslices -l kubernetes.io/service-name=kubernetes',
    })
  const list = [...servers].sort().map(([name, at]) => {
    const { hostname, port } = new URL(`https://${at}`)
    return { name, host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 443) }
  })
  process.stdout.write(haproxyConfiguration({ servers: list, bindPort, caFile: String(options.caFile) }))
  return 0
}

/** Ways to the API: the endpoint that a kubeconfig names may be what has to be changed. The last one is not tried before. */
const hereFirst = [{ server: balancerServer, serverName: 'kubernetes', timeout: 5_000 }, {}] as const

async function withClient<T>(
  kubeconfigs: readonly string[],
  ways: readonly Partial<HttpTransportOptions>[],
  work: (client: Client) => Promise<T>,
): Promise<T> {
  for (const [i, way] of ways.entries()) {
    const client = await mended(clientAnotherWay(linuxHost, way, ...kubeconfigs))
    try {
      if (i < ways.length - 1 && !(await answers(client))) continue
      return await work(client)
    } finally {
      await client.transport.close()
    }
  }
  throw new Error('there is no way to the API')
}

async function answers({ transport }: Client): Promise<boolean> {
  try {
    const { body } = await transport.raw('/readyz')
    for await (const _ of body);
    return true
  } catch {
    return false
  }
}
