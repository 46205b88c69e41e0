/** `kobune reset`: takes this machine out of its cluster and every trace of the cluster off this machine. */
import { nodes } from '../api/core/v1/node.ts'
import { delay } from '../base/clock.ts'
import { type Client, createClient } from '../client/client.ts'
import { httpTransport } from '../client/http-transport.ts'
import { loadKubeconfig } from '../client/kubeconfig.ts'
import type { Host } from '../host/host.ts'
import { removeCni } from '../kubelet/runtime/cni.ts'
import { containerdDefaults } from '../kubelet/runtime/containerd.ts'
import { isNotFound } from '../machinery/status-error.ts'
import { removeOverlay } from '../network/overlay.ts'
import { removeProxyRules } from '../proxy/mode.ts'
import { etcdCluster } from '../storage/etcd/cluster.ts'
import { reachable } from '../storage/etcd/reachable.ts'
import type { ResetConfiguration } from './config/types.ts'
import { removeControlPlaneProcesses } from './control-plane-services.ts'
import { endPodsOf, ownCache, removeMounts, restoreMachine, stopRuntime } from './down.ts'
import { checkRemoval } from './etcd-quorum.ts'
import { readJournal } from './journal.ts'
import { argumentOf } from './manifests/arguments.ts'
import { writtenCommand } from './manifests/written.ts'
import { paths } from './paths.ts'
import { balancerServer } from './phases/addons.ts'
import { etcdEndpoints } from './phases/etcd-join.ts'
import type { Phase } from './phases/phase.ts'
import { machineRecord, sharedFolders } from './record.ts'
import { removeService } from './service.ts'
import { kubeletService } from './services.ts'
import { settingsFile } from './settings.ts'
import { forgetUserKubeconfig } from './steps/kubeconfig.ts'

export interface Reset {
  readonly host: Host
  readonly reset: ResetConfiguration
  readonly dryRun: boolean
  /** What to reach the cluster by; default: what this machine has. */
  readonly kubeconfig?: string
  readonly say: (line: string) => void
  /** Asks whether to go on; throws when not. */
  readonly confirm: () => Promise<void>
}

const byBalancer = { server: balancerServer, serverName: 'kubernetes' } as const
/** Answers of a cluster that may be gone are not waited for long, milliseconds. */
const answerTimeout = 5_000

/** A client by the best credentials this machine has; undefined when it has none. `server`: another way to the API. */
async function clientOf({ host, kubeconfig }: Reset, server?: typeof byBalancer): Promise<Client | undefined> {
  for (const file of [kubeconfig, paths.adminConf, paths.kubeletConf]) {
    if (!file || !(await host.files.exists(file))) continue
    try {
      return createClient(httpTransport({ ...(await loadKubeconfig(file)), ...server, timeout: answerTimeout }))
    } catch {
      // Half written, or its certificate was never made: the next one.
    }
  }
  return undefined
}

const preflightPhase: Phase<Reset> = {
  name: 'preflight',
  does: 'Make sure that this is meant',
  async run(context) {
    const { files } = context.host
    // Its server and agent would go on, without what they need.
    if ((await files.exists(settingsFile)) && !(await readJournal(context.host)))
      throw new Error(
        'this machine has a cluster of kobune up; nothing was changed. Remove it with: kobune down --purge',
      )
    await context.confirm()
  },
}

/** What the static pod of etcd says of its member; undefined where there is none. */
async function localMember({ host }: Pick<Reset, 'host'>) {
  const words = await writtenCommand(host, 'etcd')
  if (!words) return undefined
  const value = (name: string) => argumentOf(words, name)
  return {
    peerUrl: value('initial-advertise-peer-urls'),
    clientUrl: value('advertise-client-urls'),
    dataDir: value('data-dir'),
  }
}

const removeEtcdMemberPhase: Phase<Reset> = {
  name: 'remove-etcd-member',
  does: 'Leave etcd',
  when: async context => (await localMember(context)) !== undefined,
  async run(context, note) {
    const { host, reset, say } = context
    const member = await localMember(context)
    if (!member?.peerUrl) return
    try {
      const others = await otherMembers(context, member.clientUrl)
      // The last one has nobody to leave.
      if (others.length === 0) return
      const pki = `${reset.certificatesDir}/etcd`
      const [ca, cert, key] = await Promise.all(
        ['ca.crt', 'healthcheck-client.crt', 'healthcheck-client.key'].map(name => host.files.read(`${pki}/${name}`)),
      )
      const tls = { ca: ca!, cert: cert!, key: key! }
      note('asking the other members')
      const up = await reachable(others)
      const cluster = etcdCluster({ endpoints: up.length ? up : others, ...tls })
      try {
        const own = (await cluster.members()).find(each => each.peerUrls.includes(member.peerUrl!))
        if (!own) return
        await checkRemoval(cluster, own)
        if (!context.dryRun) await cluster.remove(own.id)
      } finally {
        cluster.close()
      }
    } catch (error) {
      if (!reset.force) throw error
      say(`[reset] The member of etcd stays in the membership: ${(error as Error).message}`)
      say('[reset] On another machine of the control plane, take it out with: kobune nodes remove NAME')
    }
  },
}

/** Where the cluster runs other members of etcd. The machine's balancer comes first: it knows API servers that are well. */
async function otherMembers(context: Reset, own: string | undefined): Promise<readonly string[]> {
  let why: Error | undefined
  for (const server of [byBalancer, undefined]) {
    const client = await clientOf(context, server)
    if (!client) return []
    try {
      return (await etcdEndpoints({ admin: async () => client })).filter(url => url !== own)
    } catch (error) {
      why = error as Error
    } finally {
      await client.transport.close()
    }
  }
  // A machine that never came up, or the last one of a cluster that is down, must be able to go.
  context.say(`[reset] The cluster cannot be asked for other members of etcd: ${why?.message}`)
  context.say('[reset] If it goes on elsewhere, take this member out there with: kobune nodes remove NAME --force')
  return []
}

const cleanupPhase: Phase<Reset> = {
  name: 'cleanup-node',
  does: 'Clean up this machine',
  phases: [
    { name: 'node', does: 'Remove the Node from the cluster', run: removeNode },
    { name: 'kubelet', does: 'Stop the kubelet', run: ({ host }) => removeService(host, kubeletService) },
    { name: 'control-plane', does: 'Stop the control plane', run: ({ host }) => removeControlPlaneProcesses(host) },
    { name: 'pods', does: 'Remove the pods', run: removePods },
    { name: 'runtime', does: 'Stop containerd', run: ({ host }) => stopRuntime(host) },
    { name: 'network', does: 'Remove interfaces and rules', run: removeNetworkOf },
    { name: 'mounts', does: 'Remove mounts and cgroups', run: ({ host }) => removeMounts(host) },
    { name: 'files', does: 'Remove files', run: removeFiles },
  ],
}

async function removeNode(context: Reset): Promise<void> {
  const { host, say } = context
  const name = (await readJournal(host))?.nodeName ?? host.addresses.hostname().toLowerCase()
  let why: Error | undefined
  let balancer = true
  // The API server of this machine has lost its etcd by now: the machine's balancer finds the others, after a moment.
  for (const [wait, server] of [[0, byBalancer], [0], [2_000, byBalancer], [4_000, byBalancer]] as const) {
    // Without the agent there is none, and nobody who would start it.
    if (server && !balancer) continue
    await delay(wait)
    const client = await clientOf(context, server)
    if (!client) return
    try {
      await client.delete(nodes, { name })
      return
    } catch (error) {
      if (isNotFound(error)) return
      if (server && (error as NodeJS.ErrnoException).code === 'ECONNREFUSED') balancer = false
      else why = error as Error
    } finally {
      await client.transport.close()
    }
  }
  say(`[reset] The Node ${name} could not be removed: ${why?.message}`)
  say(`[reset] On a machine of the control plane that is up: kubectl delete node ${name}`)
}

async function removePods({ host, reset }: Reset): Promise<void> {
  const socket = reset.criSocket.replace(/^unix:\/\//, '')
  if (await host.files.exists(socket)) await endPodsOf(socket, 'remove').catch(() => undefined)
}

async function removeNetworkOf({ host }: Reset): Promise<void> {
  await removeOverlay(host)
  await removeCni(host)
  await removeProxyRules(host)
  for (const family of ['ip', 'ip6'] as const) {
    await host.nftables.deleteTable(family, 'kobune-masquerade').catch(() => undefined)
  }
  await restoreMachine(host)
}

/** kubeadm's files by name, so that what others keep in /etc/kubernetes stays when it was there before us. */
const configurations = [
  paths.adminConf,
  paths.superAdminConf,
  paths.kubeletConf,
  paths.bootstrapKubeletConf,
  paths.controllerManagerConf,
  paths.schedulerConf,
]

async function removeFiles(context: Reset): Promise<void> {
  const { host, reset } = context
  const { existed } = await machineRecord(host)
  const dataDir = (await localMember(context))?.dataDir ?? '/var/lib/etcd'
  await forgetUserKubeconfig(host).catch(() => undefined)
  for (const name of await host.files.list('/var/lib/cni/results'))
    await host.files.remove(`/var/lib/cni/results/${name}`)
  const own = [...configurations, paths.manifests, reset.certificatesDir, dataDir]
  if (reset.cleanupTmpDir) own.push(paths.kubernetesTmp)
  for (const path of own) await host.files.remove(path)
  for (const folder of sharedFolders) {
    if (!existed.includes(folder) && !(folder === paths.kubernetes && (await keeps(host))))
      await host.files.remove(folder)
  }
  const whole = [paths.run, paths.logs, containerdDefaults.state, paths.state, ownCache()]
  for (const folder of whole) await host.files.remove(folder)
}

/** Backups of upgrades stay unless --cleanup-tmp-dir says otherwise. */
async function keeps(host: Host): Promise<boolean> {
  return (await host.files.list(paths.kubernetes)).length > 0
}

/** The whole of it. */
export const resetPhases: readonly Phase<Reset>[] = [preflightPhase, removeEtcdMemberPhase, cleanupPhase]
