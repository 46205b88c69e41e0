/** `kobune init`: this machine becomes the first of a cluster. The order of the phases is kubeadm's. */
import { kubernetesVersion } from '../base/version.ts'
import type { Client } from '../client/client.ts'
import type { Host } from '../host/host.ts'
import { adminKubeconfigs, clientByKubeconfig, dryRunClient } from './client.ts'
import { overSqlite } from './config/datastore.ts'
import { readByKubeadm } from './config/for-kubeadm.ts'
import type { ClusterConfiguration, InitConfiguration, LocalApiEndpoint } from './config/types.ts'
import { writeConfiguration } from './config/write.ts'
import { fingerprint, readJournal, resumes, writeJournal } from './journal.ts'
import { kubeletDefaults } from './kubelet-defaults.ts'
import type { Layout } from './node-context.ts'
import { type Addons, addonPhase } from './phases/addons.ts'
import { type BootstrapTokens, bootstrapTokenPhase } from './phases/bootstrap-token.ts'
import { certsPhase, kubeconfigPhase } from './phases/certs.ts'
import { ofPods, startProcessesPhase, writeProcessesPhase } from './phases/control-plane-processes.ts'
import { kubeletFinalizePhase } from './phases/kubelet-finalize.ts'
import { kubeletStartPhase } from './phases/kubelet-start.ts'
import { controlPlanePhase, etcdPhase } from './phases/manifests.ts'
import { markControlPlanePhase } from './phases/mark-control-plane.ts'
import type { Phase } from './phases/phase.ts'
import { runtimePhase } from './phases/runtime.ts'
import { type UploadCerts, uploadCertsPhase } from './phases/upload-certs.ts'
import { type UploadConfig, uploadConfigPhase } from './phases/upload-config.ts'
import { verifyPhase } from './phases/verify.ts'
import { waitControlPlanePhase } from './phases/wait-control-plane.ts'
import { type Finding, findingLines, ignoring, PreflightError } from './preflight/finding.ts'
import { checkNode } from './preflight/node-checks.ts'
import { recordMachine } from './record.ts'
import { textToStore } from './stored-cluster.ts'

export interface Init extends UploadConfig, Addons, UploadCerts, BootstrapTokens {
  readonly layout: Layout
  readonly endpoint: LocalApiEndpoint
  readonly init: InitConfiguration
  readonly showToken: boolean
}

export interface InitOptions {
  readonly host: Host
  readonly init: InitConfiguration
  readonly cluster: ClusterConfiguration
  /** How the control plane runs here; everything else is the same. @default 'static-pods' */
  readonly layout?: Layout
  /** KubeletConfiguration and KubeProxyConfiguration of the user's file. */
  readonly kubelet?: object
  readonly kubeProxy?: object
  readonly uploadCerts: boolean
  /** The kubeadm that other machines will join with. @default ours */
  readonly forKubeadm?: string
  readonly install: boolean
  readonly program: readonly string[]
  readonly signal: AbortSignal
  readonly say: (line: string) => void
  /** Default: what `init` itself made. */
  readonly kubeconfig?: string
  readonly showToken: boolean
  readonly showCertificateKey: boolean
}

/** What the phases of one run share. */
export function initContext(options: InitOptions): Init {
  const { host, init, kubeconfig, say, layout = 'static-pods', ...rest } = options
  const given = ofThisVersion(options.cluster, say)
  const cluster = layout === 'in-process' ? overSqlite(given) : given
  const dryRun = init.dryRun ?? false
  let client: Promise<Client> | undefined
  return {
    ...rest,
    layout,
    host,
    say,
    init,
    node: init.nodeRegistration,
    endpoint: init.localAPIEndpoint,
    timeouts: init.timeouts,
    bootstrapTokens: init.bootstrapTokens,
    ...(init.patches?.directory && { patches: init.patches.directory }),
    ...(init.certificateKey && { certificateKey: init.certificateKey }),
    dryRun,
    cluster: async () => cluster,
    admin: () => {
      client ??= dryRun
        ? Promise.resolve(dryRunClient(say))
        : clientByKubeconfig(host, ...(kubeconfig ? [kubeconfig] : adminKubeconfigs))
      return client
    },
    kubeletConfiguration: async () => ({ ...(await kubeletDefaults(host, cluster)), ...options.kubelet }),
  }
}

/** There is one Kubernetes here: a configuration that asks for another gets this one, and is told so. */
function ofThisVersion(cluster: ClusterConfiguration, say: Init['say']): ClusterConfiguration {
  const { gitVersion } = kubernetesVersion
  const asked = cluster.kubernetesVersion
  if (asked === gitVersion) return cluster
  const minor = (version: string) => version.split('.').slice(0, 2).join('.')
  if (minor(asked) !== minor(gitVersion))
    say(`[init] ${asked} is asked for; this program runs ${gitVersion}, which is used`)
  return { ...cluster, kubernetesVersion: gitVersion }
}

const preflightPhase: Phase<Init> = {
  name: 'preflight',
  does: 'Look at the machine',
  async run(context) {
    const { host, init, node, endpoint, say, dryRun, layout } = context
    const cluster = await context.cluster()
    if (context.forKubeadm !== undefined) textToStore(cluster, readByKubeadm(context.forKubeadm).config)
    const asked = {
      command: 'init',
      nodeName: node.name,
      controlPlane: true,
      criSocket: node.criSocket,
      fingerprint: fingerprint(writeConfiguration('cluster', cluster), node.name, JSON.stringify(endpoint), layout),
    } as const
    const resumed = resumes(await readJournal(host), asked)
    const found = [...(await checkNode(context, { resumed })), ...(await checkLayout(context))]
    const findings = ignoring(found, init.nodeRegistration.ignorePreflightErrors)
    for (const line of findingLines(findings.filter(({ warning }) => warning))) say(line)
    if (findings.some(({ warning }) => !warning)) throw new PreflightError(findings)
    if (resumed) say('[preflight] Going on with an init that was cut off')
    if (dryRun) return
    await recordMachine(host)
    await writeJournal(host, { ...asked, finished: false })
  },
}

/** What a layout needs. */
async function checkLayout({ host, layout, uploadCerts }: Init): Promise<readonly Finding[]> {
  const check = 'Layout'
  if (layout === 'systemd' && !(await host.systemd.running())) {
    const message = 'systemd does not run this machine, and the layout systemd is made of its units'
    return [{ check, message, mend: 'kobune init --layout static-pods' }]
  }
  if (layout === 'in-process' && uploadCerts) {
    const message = 'a control plane in one process keeps its state in SQLite, and no other machine can join it'
    return [{ check, message, mend: 'kobune init --layout static-pods --upload-certs' }]
  }
  return []
}

/** The whole of it. */
export const initPhases: readonly Phase<Init>[] = [
  preflightPhase,
  runtimePhase,
  certsPhase,
  kubeconfigPhase(['admin.conf', 'super-admin.conf', 'kubelet.conf', 'controller-manager.conf', 'scheduler.conf']),
  ofPods(etcdPhase),
  ofPods(controlPlanePhase),
  writeProcessesPhase,
  kubeletStartPhase,
  startProcessesPhase,
  waitControlPlanePhase,
  uploadConfigPhase,
  uploadCertsPhase,
  markControlPlanePhase,
  bootstrapTokenPhase,
  kubeletFinalizePhase,
  addonPhase,
  verifyPhase,
  {
    name: 'show-join-command',
    does: 'Show how other machines join',
    run: async context => {
      const journal = await readJournal(context.host)
      if (journal) await writeJournal(context.host, { ...journal, finished: true })
      const { joinText } = await import('./join-text.ts')
      context.say(await joinText(context))
    },
  },
]
