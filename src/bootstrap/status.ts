/** What `kobune status` finds: each component, whether it is well, and what it says when it is not. */
import { deployments } from '../api/apps/v1/deployment.ts'
import { nodes } from '../api/core/v1/node.ts'
import { type Client, createClient } from '../client/client.ts'
import { httpTransport } from '../client/http-transport.ts'
import { loadKubeconfig } from '../client/kubeconfig.ts'
import type { Host } from '../host/host.ts'
import { criClient } from '../kubelet/cri/cri.ts'
import { getCondition } from '../machinery/conditions.ts'
import { paths } from './paths.ts'
import type { Settings } from './settings.ts'

export interface ComponentStatus {
  readonly component: string
  readonly healthy: boolean
  /** What it is, or what is wrong. */
  readonly says: string
  /** What to look at. */
  readonly hint?: string
}

type Answer = Omit<ComponentStatus, 'component'>

const good = (says: string): Answer => ({ healthy: true, says })
const bad = (says: string, hint?: string): Answer => ({ healthy: false, says, ...(hint && { hint }) })

/** Looks at every component of this machine's cluster. Never throws for what is broken. */
export async function clusterStatus(host: Host, settings: Settings): Promise<ComponentStatus[]> {
  const transport = await loadKubeconfig(paths.adminConf).then(
    options => httpTransport({ ...options, timeout: 5_000 }),
    () => undefined,
  )
  const client = transport && createClient(transport)
  const checks: Readonly<Record<string, () => Promise<Answer>>> = {
    containerd: () => runtime(host),
    server: () => running(host, 'server', paths.serverPid),
    agent: () => running(host, 'agent', paths.agentPid),
    api: () => api(client),
    node: () => node(client, settings.nodeName),
    dns: () => dns(client),
  }
  try {
    return await Promise.all(
      Object.entries(checks).map(async ([component, check]) => ({
        component,
        ...(await check().catch(error => bad((error as Error).message))),
      })),
    )
  } finally {
    await transport?.close()
  }
}

async function running(host: Host, kind: 'server' | 'agent', pidFile: string): Promise<Answer> {
  const process = await host.processes.running(pidFile)
  return process ? good(`runs as process ${process.pid}`) : bad('does not run', `kobune logs ${kind}; kobune up`)
}

async function runtime(host: Host): Promise<Answer> {
  if (!(await host.files.exists(paths.containerdSocket))) return bad('does not run', 'kobune up')
  const cri = criClient({ socket: paths.containerdSocket })
  try {
    const { runtimeName, runtimeVersion } = await cri.version({ timeout: 5_000 })
    return good(`${runtimeName} ${runtimeVersion} answers`)
  } catch (error) {
    return bad(`does not answer: ${(error as Error).message}`, 'kobune logs containerd')
  } finally {
    cri.close()
  }
}

async function api(client: Client | undefined): Promise<Answer> {
  if (!client) return bad(`${paths.adminConf} cannot be read`, 'kobune up')
  try {
    await client.transport.raw('/readyz')
    return good('is ready')
  } catch (error) {
    return bad(`is not ready: ${(error as Error).message}`, 'kobune logs server')
  }
}

async function node(client: Client | undefined, name: string): Promise<Answer> {
  if (!client) return bad('cannot be asked for')
  const found = await client.get(nodes, { name })
  const ready = getCondition(found.status.conditions, 'Ready')
  if (ready?.status === 'True') return good(`${name} is Ready`)
  return bad(`${name} is not ready: ${ready?.message ?? 'it has not reported yet'}`, 'kobune logs agent')
}

async function dns(client: Client | undefined): Promise<Answer> {
  if (!client) return bad('cannot be asked for')
  const { spec, status } = await client.get(deployments, { namespace: 'kube-system', name: 'coredns' })
  const { readyReplicas = 0 } = status
  if (readyReplicas >= spec.replicas) return good(`${readyReplicas} of ${spec.replicas} pods are ready`)
  return bad(
    `${readyReplicas} of ${spec.replicas} pods are ready`,
    'kubectl -n kube-system describe pods -l k8s-app=kube-dns',
  )
}
