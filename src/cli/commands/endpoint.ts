import { adminKubeconfigs, clientByKubeconfig } from '../../bootstrap/client.ts'
import { endpoint as checkEndpoint, splitEndpoint } from '../../bootstrap/config/rules.ts'
import { applyEndpoint } from '../../bootstrap/endpoint/apply.ts'
import { setEndpointPhases } from '../../bootstrap/endpoint/set.ts'
import { haproxyConfiguration } from '../../bootstrap/haproxy.ts'
import { hostPort } from '../../bootstrap/node-context.ts'
import { apiServers } from '../../bootstrap/nodes/list.ts'
import { paths } from '../../bootstrap/paths.ts'
import type { Client } from '../../client/client.ts'
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
  await withClient([paths.adminConf], async client => {
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
  await withClient(files, client => mended(applyEndpoint(linuxHost, client, writeLine)))
  writeLine('This machine has the endpoint of the cluster.')
  return 0
}

/** `kobune config haproxy` */
export async function haproxy({ options }: Call): Promise<number> {
  const bindPort = Number(options.bindPort)
  if (!(Number.isInteger(bindPort) && bindPort > 0 && bindPort < 65_536))
    throw new UserError(`--bind-port: ${String(options.bindPort)} is not between 1 and 65535`, { exitCode: 2 })
  const servers = await withClient([String(options.kubeconfig)], client => mended(apiServers(client)))
  if (servers.size === 0)
    throw new UserError('the cluster runs no pods of the API server', {
      hint: 'kubectl -n kube-system get pods -l component=kube-apiserver',
    })
  const list = [...servers].sort().map(([name, at]) => {
    const { hostname, port } = new URL(`https://${at}`)
    return { name, host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 443) }
  })
  process.stdout.write(haproxyConfiguration({ servers: list, bindPort, caFile: String(options.caFile) }))
  return 0
}

async function withClient<T>(kubeconfigs: readonly string[], work: (client: Client) => Promise<T>): Promise<T> {
  const client = await mended(clientByKubeconfig(linuxHost, ...kubeconfigs))
  try {
    return await work(client)
  } finally {
    await client.transport.close()
  }
}
