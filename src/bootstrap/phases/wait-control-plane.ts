/** Waits until the components of this machine's control plane are healthy, and tells what is wrong when they are not. */
import { request } from 'node:https'
import { delay } from '../../base/clock.ts'
import { parseDuration } from '../../base/duration.ts'
import { criClient } from '../../kubelet/cri/cri.ts'
import { controlPlaneEnded } from '../control-plane-services.ts'
import { connectionProblem } from '../discovery/cluster-info.ts'
import { argumentOf } from '../manifests/arguments.ts'
import { readControlPlaneProcesses } from '../manifests/processes.ts'
import type { StaticPodName } from '../manifests/static-pod.ts'
import { writtenCommand } from '../manifests/written.ts'
import { apiEndpoint, type ControlPlaneContext, hostPort } from '../node-context.ts'
import { socketOf } from './manifests.ts'
import type { Phase } from './phase.ts'

interface Check {
  readonly component: StaticPodName
  readonly url: string
}

/** Addresses as the manifests have them, so that the user's arguments count. */
export async function healthChecks({
  host,
  endpoint,
}: Pick<ControlPlaneContext, 'host' | 'endpoint'>): Promise<readonly Check[]> {
  const command = async (name: StaticPodName) => (await writtenCommand(host, name)) ?? []
  const at = async (name: StaticPodName, path: string, port: string): Promise<Check> => {
    const words = await command(name)
    const address = argumentOf(words, 'bind-address') ?? '127.0.0.1'
    const reached = address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '::1' : address
    return { component: name, url: `https://${hostPort(reached, argumentOf(words, 'secure-port') ?? port)}${path}` }
  }
  const api = await command('kube-apiserver')
  const address = argumentOf(api, 'advertise-address') ?? endpoint.advertiseAddress
  const port = argumentOf(api, 'secure-port') ?? endpoint.bindPort
  const server: Check = { component: 'kube-apiserver', url: `https://${hostPort(address, port)}/readyz` }
  // In one process they have no address of their own.
  if ((await readControlPlaneProcesses(host))?.layout === 'in-process') return [server]
  return [
    server,
    await at('kube-controller-manager', '/healthz', '10257'),
    await at('kube-scheduler', '/livez', '10259'),
  ]
}

export const waitControlPlanePhase: Phase<ControlPlaneContext> = {
  name: 'wait-control-plane',
  does: 'Wait for the control plane',
  when: context => !context.dryRun,
  async run(context, note) {
    const patience = parseDuration(context.timeouts.controlPlaneComponentHealthCheck) ?? 240_000
    const began = Date.now()
    const waiting = new Map<string, string>()
    await Promise.all(
      (await healthChecks(context)).map(async ({ component, url }) => {
        for (;;) {
          const said = await healthOf(url)
          if (said === undefined) {
            waiting.delete(component)
            context.say(
              `[control-plane-check] ${component} is healthy after ${((Date.now() - began) / 1000).toFixed(1)}s`,
            )
            return
          }
          waiting.set(component, said)
          note([...waiting].map(([name, text]) => `${name} ${text}`).join(', '))
          const ended = await controlPlaneEnded(context.host)
          if (ended) throw new Error(`${component} ${said}: ${ended}`)
          if (Date.now() - began > patience) throw await diagnosis(context, component, said)
          await delay(100, context.signal)
        }
      }),
    )
    await reachedByEndpoint(context, note)
  },
}

/** How long a load balancer may take to notice that an API server is there, milliseconds. */
const noticing = 30_000

/** What follows talks to the cluster by its endpoint, as all machines do: a load balancer has to let it through by then. */
async function reachedByEndpoint(context: ControlPlaneContext, note: (text: string) => void): Promise<void> {
  const cluster = await context.cluster()
  if (!cluster.controlPlaneEndpoint) return
  const server = `https://${apiEndpoint(cluster, context.endpoint)}`
  const { transport } = await context.admin()
  for (const end = Date.now() + noticing; ; await delay(250, context.signal)) {
    try {
      const { body } = await transport.raw('/version')
      for await (const _ of body);
      return
    } catch (error) {
      const why = connectionProblem(server, error)
      note(why)
      if (Date.now() > end)
        throw new Error(`the control plane is healthy, but its endpoint does not lead to it: ${why}`, { cause: error })
    }
  }
}

/** What a health address says that is not well; undefined when it says ok. Its certificate is not looked at: it is local. */
export function healthOf(url: string): Promise<string | undefined> {
  return new Promise(resolve => {
    const call = request(url, { rejectUnauthorized: false, timeout: 5_000, agent: false }, response => {
      let text = ''
      response.setEncoding('utf8').on('data', chunk => {
        text += chunk
      })
      response.on('end', () => resolve(response.statusCode === 200 ? undefined : firstBad(text, response.statusCode!)))
    })
    call.on('timeout', () => call.destroy(new Error('does not answer')))
    call.on('error', error =>
      resolve((error as NodeJS.ErrnoException).code === 'ECONNREFUSED' ? 'is starting' : error.message),
    )
    call.end()
  })
}

function firstBad(text: string, code: number): string {
  return `is not well: ${/^\[-\](\S+)/m.exec(text)?.[1] ?? code}`
}

/** Why a component does not get healthy: what its container did, and what it said last. */
export async function diagnosis(
  context: Pick<ControlPlaneContext, 'host' | 'node'>,
  component: string,
  said: string,
): Promise<Error> {
  const cri = criClient({ socket: socketOf(context) })
  try {
    const labels = { 'io.kubernetes.container.name': component }
    const containers = await cri.listContainers({ labelSelector: labels })
    const [last, ...before] = containers.toSorted((a, b) => Number(b.createdAt) - Number(a.createdAt))
    if (!last)
      return new Error(`${component} ${said}: the kubelet has made no container for it; see kobune logs kubelet`)
    const { status } = await cri.containerStatus(last.id)
    const state = status.state === 'CONTAINER_EXITED' ? `ended with exit code ${status.exitCode}` : 'runs'
    // One that was just started again has said nothing yet; what it said before it ended tells why.
    let tail: readonly string[] = []
    for (const { id } of [last, ...before.slice(0, 1)]) {
      const { logPath } = (await cri.containerStatus(id)).status
      const log = ((await context.host.files.readIfThere(logPath)) ?? '').trimEnd()
      if (log === '') continue
      tail = log.split('\n').slice(-5)
      break
    }
    return new Error(`${component} ${said}; its container ${state}, and said last:\n  ${tail.join('\n  ')}`)
  } catch (error) {
    return new Error(`${component} ${said}; its container cannot be looked at: ${(error as Error).message}`)
  } finally {
    cri.close()
  }
}
