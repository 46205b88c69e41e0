/** What `kobune status` finds: each component, whether it is well, and what it says when it is not. */
import { deployments } from '../api/apps/v1/deployment.ts'
import { nodes } from '../api/core/v1/node.ts'
import { type Client, createClient } from '../client/client.ts'
import { httpTransport } from '../client/http-transport.ts'
import { loadKubeconfig } from '../client/kubeconfig.ts'
import type { Host } from '../host/host.ts'
import { criClient } from '../kubelet/cri/cri.ts'
import { getCondition } from '../machinery/conditions.ts'
import { ownEtcd } from './etcd-status.ts'
import type { Journal } from './journal.ts'
import { paths } from './paths.ts'
import { healthChecks, healthOf } from './phases/wait-control-plane.ts'
import { serviceRuns } from './service.ts'
import { kubeletHealth } from './services.ts'
import type { Settings } from './settings.ts'
import { type ProcessKind, processPlaces } from './steps/processes.ts'

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

type Checks = Readonly<Record<string, () => Promise<Answer>>>

/** Looks at every component of the cluster that `up` made. Never throws for what is broken. */
export function clusterStatus(host: Host, settings: Settings): Promise<ComponentStatus[]> {
  return look(paths.adminConf, client => ({
    containerd: () => runtime(host, paths.containerdSocket, 'kobune up'),
    server: () => running(host, 'server'),
    agent: () => running(host, 'agent'),
    api: () => api(client, 'kobune logs server'),
    node: () => node(client, settings.nodeName, 'kobune logs agent'),
    dns: () => dns(client),
  }))
}

/** The same of a node that `init` or `join` made: what this machine runs, and how the cluster sees it. */
export async function nodeStatusOf(
  host: Host,
  { nodeName, controlPlane, criSocket }: Journal,
): Promise<ComponentStatus[]> {
  const pods = controlPlane ? await localPods(host) : {}
  return look(controlPlane ? paths.adminConf : paths.kubeletConf, client => ({
    containerd: () => runtime(host, criSocket.replace(/^unix:\/\//, ''), 'kobune nodes start'),
    kubelet: async () => {
      const wrong = await kubeletHealth()
      return wrong === undefined ? good('is healthy') : bad(wrong, 'kobune logs kubelet; kobune nodes start')
    },
    ...pods,
    api: () => api(client, controlPlane ? 'kobune logs kube-apiserver' : 'kobune logs kubelet'),
    node: () => node(client, nodeName, 'kobune logs kubelet'),
    ...(controlPlane && { dns: () => dns(client) }),
  }))
}

/** Of the static pods of this machine, whose health is asked for where it is. */
async function localPods(host: Host): Promise<Checks> {
  const checks: Record<string, () => Promise<Answer>> = {}
  for (const { component, url } of await healthChecks({
    host,
    endpoint: { advertiseAddress: '127.0.0.1', bindPort: 6443 },
  })) {
    checks[component] = async () => {
      const wrong = await healthOf(url)
      return wrong === undefined ? good('is healthy') : bad(wrong, `kobune logs ${component}`)
    }
  }
  const etcd = await ownEtcd(host)
  return etcd ? { ...checks, etcd } : checks
}

async function look(kubeconfig: string, checksOf: (client: Client | undefined) => Checks): Promise<ComponentStatus[]> {
  const transport = await loadKubeconfig(kubeconfig).then(
    options => httpTransport({ ...options, timeout: 5_000 }),
    () => undefined,
  )
  const checks = checksOf(transport && createClient(transport))
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

async function running(host: Host, kind: ProcessKind): Promise<Answer> {
  const place = processPlaces[kind]
  if (!(await serviceRuns(host, place))) return bad('does not run', `kobune logs ${kind}; kobune up`)
  const process = await host.processes.running(place.pidFile)
  return good(process ? `runs as process ${process.pid}` : `runs as ${place.unit}`)
}

async function runtime(host: Host, socket: string, hint: string): Promise<Answer> {
  if (!(await host.files.exists(socket))) return bad('does not run', hint)
  const cri = criClient({ socket })
  try {
    const { runtimeName, runtimeVersion } = await cri.version({ timeout: 5_000 })
    return good(`${runtimeName} ${runtimeVersion} answers`)
  } catch (error) {
    return bad(`does not answer: ${(error as Error).message}`, 'kobune logs containerd')
  } finally {
    cri.close()
  }
}

async function api(client: Client | undefined, hint: string): Promise<Answer> {
  if (!client) return bad(`${paths.adminConf} cannot be read`, hint)
  try {
    await client.transport.raw('/readyz')
    return good('is ready')
  } catch (error) {
    return bad(`is not ready: ${(error as Error).message}`, hint)
  }
}

async function node(client: Client | undefined, name: string, hint: string): Promise<Answer> {
  if (!client) return bad('cannot be asked for')
  const found = await client.get(nodes, { name })
  const ready = getCondition(found.status.conditions, 'Ready')
  if (ready?.status === 'True') return good(`${name} is Ready`)
  return bad(`${name} is not ready: ${ready?.message ?? 'it has not reported yet'}`, hint)
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
