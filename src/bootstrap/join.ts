/** `kobune join`: this machine becomes a node of a cluster, or a member of its control plane. The order is kubeadm's. */
import { parse } from 'yaml'
import { configMaps } from '../api/core/v1/config-map.ts'
import { nodes } from '../api/core/v1/node.ts'
import { kubernetesVersion } from '../base/version.ts'
import { type Client, createClient } from '../client/client.ts'
import { httpTransport } from '../client/http-transport.ts'
import { loadKubeconfig } from '../client/kubeconfig.ts'
import type { Host } from '../host/host.ts'
import { getCondition } from '../machinery/conditions.ts'
import { isForbidden, isNotFound } from '../machinery/status-error.ts'
import { foreignFileText, wrongLeafFiles } from './certs/foreign-files.ts'
import { downloadCertificates } from './certs/upload-certs.ts'
import { dryRunClient } from './client.ts'
import { usesSqlite } from './config/datastore.ts'
import { machineFacts } from './config/facts.ts'
import { kubeletConfigMaps } from './config/for-kubeadm.ts'
import { loadStoredCluster } from './config/load.ts'
import type { ClusterConfiguration, JoinConfiguration } from './config/types.ts'
import { type Discovered, DiscoveryError, discover, pemList } from './discovery/discover.ts'
import { notTaken, refused } from './discovery/refused.ts'
import { fingerprint, readJournal, resumes, writeJournal } from './journal.ts'
import type { NodeContext } from './node-context.ts'
import { paths } from './paths.ts'
import { certsPhase, kubeconfigPhase, pkiFiles } from './phases/certs.ts'
import { checkShared, downloadCertsPhase } from './phases/download-certs.ts'
import { etcdJoinPhase } from './phases/etcd-join.ts'
import { type KubeletStart, kubeletStartPhase } from './phases/kubelet-start.ts'
import { kubeletWaitBootstrapPhase, writeBootstrapKubeconfig } from './phases/kubelet-wait-bootstrap.ts'
import { controlPlanePhase } from './phases/manifests.ts'
import { markControlPlanePhase } from './phases/mark-control-plane.ts'
import type { Phase } from './phases/phase.ts'
import { runtimePhase } from './phases/runtime.ts'
import { waitControlPlanePhase } from './phases/wait-control-plane.ts'
import { type Finding, findingLines, ignoring, PreflightError } from './preflight/finding.ts'
import { checkNode } from './preflight/node-checks.ts'
import { checkOurs } from './preflight/of-one-make.ts'
import { checkReachableAt } from './preflight/reachable-at.ts'
import { recordMachine } from './record.ts'

export interface Join extends KubeletStart {
  readonly join: JoinConfiguration
  /** The cluster, once it has been found and is trusted; found when it is first asked for. */
  discovered(note?: (text: string) => void): Promise<Discovered>
  /** A client with the rights that the token gives. */
  bootstrap(): Promise<Client>
  /** The uploaded certificates of the control plane, by their keys in the Secret. */
  uploaded(): Promise<ReadonlyMap<string, string>>
}

export type ControlPlaneJoin = Join & Required<Pick<NodeContext, 'endpoint'>>

export interface JoinOptions {
  readonly host: Host
  readonly join: JoinConfiguration
  readonly install: boolean
  readonly program: readonly string[]
  readonly signal: AbortSignal
  readonly say: (line: string) => void
}

/** Runs `make` when it is first asked for; a failure is asked for again. */
function once<Args extends readonly unknown[], T>(make: (...args: Args) => Promise<T>): (...args: Args) => Promise<T> {
  let made: Promise<T> | undefined
  return (...args) => {
    made ??= make(...args).catch(error => {
      made = undefined
      throw error
    })
    return made
  }
}

/** What the phases of one run share. */
export function joinContext(options: JoinOptions): Join {
  const { host, join, ...rest } = options
  const endpoint = join.controlPlane?.localAPIEndpoint
  const discovered = once((note?: (text: string) => void) =>
    discover(join, { signal: options.signal, ...(note && { note }) }),
  )
  const bootstrap = once(async () => {
    const { server, ca, credentials } = await discovered()
    return createClient(httpTransport({ server, ca, ...credentials }))
  })
  /** Of the first of these ConfigMaps that the token may read. */
  const read = async (key: string, ...[name, ...others]: readonly string[]): Promise<string> => {
    const client = await bootstrap()
    const found = await client.get(configMaps, { namespace: 'kube-system', name: name! }).catch(error => {
      if (others.length > 0 && (isForbidden(error) || isNotFound(error))) return undefined
      throw refused(error, name!)
    })
    if (!found) return read(key, ...others)
    const content = found.data?.[key]
    if (content === undefined) throw new Error(`ConfigMap kube-system/${name} of the cluster has no ${key}`)
    return content
  }
  const cluster = once(async (): Promise<ClusterConfiguration> => {
    const stored = await read('ClusterConfiguration', 'kubeadm-config')
    return loadStoredCluster(stored, 'ConfigMap kube-system/kubeadm-config', await machineFacts(host))
  })
  return {
    ...rest,
    host,
    join,
    node: join.nodeRegistration,
    ...(endpoint && { endpoint }),
    timeouts: join.timeouts,
    ...(join.patches?.directory && { patches: join.patches.directory }),
    dryRun: join.dryRun ?? false,
    discovered,
    bootstrap,
    uploaded: once(async () => {
      const client = await bootstrap()
      return downloadCertificates(client, join.controlPlane?.certificateKey ?? '').catch(error => {
        throw notTaken(error)
      })
    }),
    cluster,
    kubeletConfiguration: once(async () => {
      const { kubernetesVersion } = await cluster()
      return parse(await read('kubelet', ...kubeletConfigMaps(kubernetesVersion))) as object
    }),
    // Through the machines that are there already: our own API server comes last.
    admin: once(async () => {
      if (join.dryRun) return dryRunClient(options.say)
      const { server } = await discovered()
      return createClient(httpTransport({ ...(await loadKubeconfig(paths.adminConf)), server }))
    }),
  }
}

const preflightPhase: Phase<Join> = {
  name: 'preflight',
  does: 'Look at the machine and at the cluster',
  async run(context, note) {
    const { host, join, node, endpoint, say, dryRun } = context
    const { ca, server } = await context.discovered(note)
    const cluster = await context.cluster()
    if (endpoint && usesSqlite(cluster)) {
      throw new DiscoveryError(
        'the control plane of this cluster keeps its state in SQLite on one machine, and no other can join it; join as a worker, without --control-plane',
      )
    }
    if (endpoint) await checkOurs(await context.bootstrap())
    if (endpoint) await checkShared(context as ControlPlaneJoin)
    const asked = {
      command: 'join',
      nodeName: node.name,
      controlPlane: Boolean(endpoint),
      criSocket: node.criSocket,
      fingerprint: fingerprint(pemList(ca).join(), node.name, JSON.stringify(endpoint ?? null)),
    } as const
    const resumed = resumes(await readJournal(host), asked)
    const found = [
      ...(await checkNode(context, { resumed })),
      ...(await nameTaken(context, resumed)),
      ...(await copiedLeaves(context)),
      ...otherVersion(cluster),
    ]
    if (endpoint && !found.some(({ check }) => check === 'AdvertiseAddress'))
      found.push(...(await checkReachableAt(server, endpoint.advertiseAddress)))
    const findings = ignoring(found, join.nodeRegistration.ignorePreflightErrors)
    for (const line of findingLines(findings.filter(({ warning }) => warning))) say(line)
    if (findings.some(({ warning }) => !warning)) throw new PreflightError(findings)
    if (resumed) say('[preflight] Going on with a join that was cut off')
    if (dryRun) return
    await recordMachine(host)
    await writeJournal(host, { ...asked, finished: false })
  },
}

/** Another machine of that name that is well would be thrown out by this one. */
async function nameTaken(context: Join, resumed: boolean): Promise<readonly Finding[]> {
  const { name } = context.node
  const client = await context.bootstrap()
  const node = await client.get(nodes, { name }).catch(error => {
    if (isNotFound(error)) return undefined
    throw notTaken(error)
  })
  if (!node || resumed || getCondition(node.status.conditions, 'Ready')?.status !== 'True') return []
  const message = `a Node with name ${JSON.stringify(name)} and status "Ready" already exists in the cluster`
  return [{ check: 'NodeName', message, mend: `kobune join ... --node-name OTHER; or kubectl delete node ${name}` }]
}

/** Of a cluster of ours, addons run in an image that each machine packs of its own program. */
function otherVersion({ kubernetesVersion: theirs }: ClusterConfiguration): readonly Finding[] {
  const own = kubernetesVersion.gitVersion
  if (theirs === own || !theirs.includes('+kobune-')) return []
  const message = `the cluster is at ${theirs}, and this program is ${own}: pods of the cluster would find no image here`
  return [{ check: 'KubernetesVersion', message, mend: `run the program of ${theirs}` }]
}

/** Certificates of another machine, brought along by hand with the shared ones. */
async function copiedLeaves({ host, node, endpoint, cluster }: Join): Promise<readonly Finding[]> {
  if (!endpoint) return []
  const { certificatesDir } = await cluster()
  const own = { nodeName: node.name, advertiseAddress: endpoint.advertiseAddress }
  return (await wrongLeafFiles(certificatesDir, own, pkiFiles(host))).map(file => ({
    check: 'ForeignCertificates',
    message: foreignFileText(file),
    mend: `rm ${file.path}.crt ${file.path}.key`,
  }))
}

const onControlPlane = (context: Join) => Boolean(context.endpoint)
/** Phases of a control plane node run only where there is to be one. */
const only = (phase: Phase<ControlPlaneJoin>): Phase<Join> => {
  const { when = () => true, ...rest } = phase as Phase<Join>
  return { ...rest, when: async context => onControlPlane(context) && (await when(context)) }
}

const kubeletPhase: Phase<Join> = {
  ...kubeletStartPhase,
  async run(context, note) {
    await writeBootstrapKubeconfig(context)
    await kubeletStartPhase.run!(context, note)
  },
}

/** The whole of it. */
export const joinPhases: readonly Phase<Join>[] = [
  preflightPhase,
  runtimePhase,
  only({
    name: 'control-plane-prepare',
    does: 'Prepare the control plane',
    phases: [
      downloadCertsPhase,
      certsPhase,
      kubeconfigPhase(['admin.conf', 'controller-manager.conf', 'scheduler.conf']),
      controlPlanePhase,
    ],
  }),
  kubeletPhase,
  only(etcdJoinPhase),
  kubeletWaitBootstrapPhase,
  only({
    name: 'control-plane-join',
    does: 'Become a part of the control plane',
    phases: [markControlPlanePhase],
  }),
  only(waitControlPlanePhase),
  {
    name: 'finish',
    does: 'Tell how it went',
    run: async context => {
      const journal = await readJournal(context.host)
      if (journal) await writeJournal(context.host, { ...journal, finished: true })
      context.say(joinedText(context))
    },
  },
]

function joinedText({ endpoint, dryRun }: Join): string {
  if (dryRun) return ''
  if (!endpoint) {
    return `
This node has joined the cluster:
* Certificate signing request was sent to apiserver and a response was received.
* The Kubelet was informed of the new secure connection details.

Run 'kubectl get nodes' on the control-plane to see this node join the cluster.
`
  }
  return `
This node has joined the cluster and a new control plane instance was created:

* Certificate signing request was sent to apiserver and approval was received.
* The Kubelet was informed of the new secure connection details.
* Control plane label and taint were applied to the new node.
* The Kubernetes control plane instances scaled up.
* A new etcd member was added to the local/stacked etcd cluster.

To start administering your cluster from this node, you need to run the following as a regular user:

\tmkdir -p $HOME/.kube
\tsudo cp -i ${paths.adminConf} $HOME/.kube/config
\tsudo chown $(id -u):$(id -g) $HOME/.kube/config

Run 'kubectl get nodes' to see this node join the cluster.
`
}
