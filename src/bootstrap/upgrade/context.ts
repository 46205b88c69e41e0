/** What the phases of an upgrade share, read from this machine and from the cluster. */
import { dirname } from 'node:path'
import { parse } from 'yaml'
import { configMaps } from '../../api/core/v1/config-map.ts'
import { kubernetesVersion } from '../../base/version.ts'
import type { Client } from '../../client/client.ts'
import type { Host } from '../../host/host.ts'
import { clientByKubeconfig, dryRunClient } from '../client.ts'
import type { ClusterConfiguration, LocalApiEndpoint, NodeRegistration, Timeouts } from '../config/types.ts'
import { readJournal } from '../journal.ts'
import { kubeletDefaults } from '../kubelet-defaults.ts'
import { argumentOf } from '../manifests/arguments.ts'
import { writtenCommand } from '../manifests/written.ts'
import { paths } from '../paths.ts'
import type { Addons } from '../phases/addons.ts'
import type { BootstrapTokens } from '../phases/bootstrap-token.ts'
import type { KubeletStart } from '../phases/kubelet-start.ts'
import { settingsFile } from '../settings.ts'
import { saveSnapshot } from '../snapshot/save.ts'
import { storedCluster } from '../stored-cluster.ts'
import { type LookAtPod, lookAtPod } from './pod-state.ts'

/** What is asked of one run; `upgrade apply` and `upgrade node` differ in little. */
export interface UpgradeSettings {
  readonly certificateRenewal: boolean
  readonly etcdUpgrade: boolean
  readonly force: boolean
  readonly dryRun: boolean
  readonly patches?: string
  readonly ignorePreflightErrors: readonly string[]
  readonly allowExperimental: boolean
  readonly allowReleaseCandidates: boolean
}

export interface Upgrade extends KubeletStart {
  readonly command: 'plan' | 'apply' | 'node' | 'diff'
  readonly settings: UpgradeSettings
  /** This program's version, which is what an upgrade goes to. */
  readonly target: string
  /** The configuration as the cluster stores it; `cluster()` has the version to go to. */
  stored(): Promise<ClusterConfiguration>
  /** Asks whether to go on; throws when not. */
  confirm(): Promise<void>
  readonly look: LookAtPod
  /** Writes a copy of all that the cluster stores. */
  snapshot(file: string): Promise<unknown>
}

/** On a machine of the control plane. */
export type ControlPlaneUpgrade = Upgrade & Addons & BootstrapTokens

export interface UpgradeOptions {
  readonly command: Upgrade['command']
  readonly host: Host
  readonly settings: UpgradeSettings
  readonly timeouts: Timeouts
  readonly kubeconfig?: string
  readonly program: readonly string[]
  readonly signal: AbortSignal
  readonly say: (line: string) => void
  readonly confirm: () => Promise<void>
}

/** Throws where there is no node that `init` or `join` made. */
export async function upgradeContext(options: UpgradeOptions): Promise<Upgrade> {
  const { host, settings, kubeconfig, ...rest } = options
  const journal = await readJournal(host)
  if (!journal?.finished) {
    throw new Error(
      journal
        ? `kobune ${journal.command} was begun on this machine and did not end; give that command again first`
        : (await host.files.exists(settingsFile))
          ? 'this machine has a cluster made by kobune up: kobune down, then kobune up with the program of the new version'
          : 'this machine is no node made by kobune init or join',
    )
  }
  const endpoint = await localEndpoint(host)
  const target = kubernetesVersion.gitVersion
  const read = () => clientByKubeconfig(host, ...(kubeconfig ? [kubeconfig] : [paths.adminConf, paths.kubeletConf]))
  // Made anew each time: the server that the last one spoke to may have been replaced since.
  const admin = async (): Promise<Client> => (settings.dryRun ? dryRunClient(options.say, await read()) : read())
  const stored = once(async () => storedCluster(host, await read()))
  const cluster = once(async () => ({ ...(await stored()), kubernetesVersion: target }))
  const node: NodeRegistration = {
    name: journal.nodeName,
    criSocket: journal.criSocket,
    imagePullPolicy: 'IfNotPresent',
  }
  const context: Upgrade & Pick<ControlPlaneUpgrade, 'bootstrapTokens'> = {
    ...rest,
    host,
    settings,
    node,
    ...(endpoint && { endpoint }),
    ...(settings.patches && { patches: settings.patches }),
    dryRun: settings.dryRun,
    install: false,
    target,
    look: lookAtPod,
    snapshot: file => saveSnapshot({ host, file }),
    admin,
    stored,
    cluster,
    bootstrapTokens: [],
    kubeletConfiguration: async () => kubeletDefaults(host, await cluster()),
  }
  return context
}

/** Where this machine's API server is, as its static pod says; undefined where there is none. */
async function localEndpoint(host: Host): Promise<LocalApiEndpoint | undefined> {
  const command = await writtenCommand(host, 'kube-apiserver')
  const advertiseAddress = command && argumentOf(command, 'advertise-address')
  if (!advertiseAddress) return undefined
  return { advertiseAddress, bindPort: Number(argumentOf(command, 'secure-port') ?? 6443) }
}

/** The folder of certificates that this machine's API server uses. */
export async function certificatesFolder(context: Upgrade): Promise<string> {
  const command = await writtenCommand(context.host, 'kube-apiserver')
  const file = command && argumentOf(command, 'tls-cert-file')
  return file ? dirname(file) : (await context.cluster()).certificatesDir
}

/** KubeProxyConfiguration as the cluster has it; undefined when there is none. */
export async function storedKubeProxy(client: Client): Promise<object | undefined> {
  const { items } = await client.list(configMaps, {
    namespace: 'kube-system',
    fieldSelector: 'metadata.name=kube-proxy',
  })
  const text = items[0]?.data?.['config.conf']
  return text === undefined ? undefined : (parse(text) as object)
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => {
    made ??= make()
    return made
  }
}
