/** Partial configurations become complete ones. */
import { parseCidr } from '../../base/cidr.ts'
import { kubernetesVersion } from '../../base/version.ts'
import { formatBootstrapToken, generateBootstrapToken } from '../../pki/bootstrap-token.ts'
import { usesSqlite } from './datastore.ts'
import type { MachineFacts } from './facts.ts'
import type {
  BootstrapTokenSpec,
  ClusterConfiguration,
  InitConfiguration,
  JoinConfiguration,
  LocalApiEndpoint,
  NodeRegistration,
  ResetConfiguration,
  Timeouts,
  UpgradeConfiguration,
} from './types.ts'

/** What somebody gave of a configuration: anything may be missing, at any depth. Lists are given as a whole. */
export type Given<T> = T extends readonly (infer E)[]
  ? readonly Given<E>[]
  : T extends object
    ? { readonly [K in keyof T]?: Given<T[K]> | undefined }
    : T

export const defaultTokenGroup = 'system:bootstrappers:kubeadm:default-node-token'
export const defaultTokenTtl = '24h0m0s'
export const defaultTokenUsages = ['signing', 'authentication'] as const

/** How long commands without a configuration wait. */
export const timeoutDefaults: Timeouts = {
  controlPlaneComponentHealthCheck: '4m0s',
  discovery: '5m0s',
  etcdAPICall: '2m0s',
  kubeletHealthCheck: '4m0s',
  kubernetesAPICall: '1m0s',
  tlsBootstrap: '5m0s',
  upgradeManifests: '5m0s',
}

/** `init` on this machine; a token is made when none is given. */
export function defaultInit(facts: MachineFacts, given: Given<InitConfiguration> = {}): InitConfiguration {
  const tokens = given.bootstrapTokens?.length ? given.bootstrapTokens : [{}]
  return {
    ...(known(given) as Partial<InitConfiguration>),
    bootstrapTokens: tokens.map(tokenDefaults),
    nodeRegistration: nodeDefaults(facts, given.nodeRegistration),
    localAPIEndpoint: endpointDefaults(facts, given.localAPIEndpoint),
    timeouts: timeouts(given.timeouts),
  }
}

/** What is common to all machines. `facts` are of no account: nothing in it may depend on one machine. */
export function defaultCluster(_facts: MachineFacts, given: Given<ClusterConfiguration> = {}): ClusterConfiguration {
  const serviceSubnet = given.networking?.serviceSubnet || '10.96.0.0/12'
  const { etcd } = given
  return {
    ...(known(given) as Partial<ClusterConfiguration>),
    clusterName: given.clusterName || 'kubernetes',
    kubernetesVersion: versionOf(given.kubernetesVersion),
    controlPlaneEndpoint: given.controlPlaneEndpoint ?? '',
    certificatesDir: given.certificatesDir || '/etc/kubernetes/pki',
    imageRepository: given.imageRepository || 'kobune.io',
    networking: {
      serviceSubnet,
      // kubeadm leaves it empty; here the pod network is built in. An empty text stays: somebody else gives networks.
      podSubnet: given.networking?.podSubnet ?? podSubnetBeside(serviceSubnet),
      dnsDomain: given.networking?.dnsDomain || 'cluster.local',
    },
    etcd:
      etcd?.external && !etcd.local
        ? { external: { endpoints: [], caFile: '', certFile: '', keyFile: '', ...defined(etcd.external) } }
        : usesSqlite(given)
          ? {}
          : {
              local: { ...(defined(etcd?.local) as object), dataDir: etcd?.local?.dataDir || '/var/lib/etcd' },
              ...((etcd?.external && { external: etcd.external }) as object),
            },
    apiServer: { ...(defined(given.apiServer) as object) },
    controllerManager: { ...(defined(given.controllerManager) as object) },
    scheduler: { ...(defined(given.scheduler) as object) },
    dns: { ...defined(given.dns) },
    proxy: { ...defined(given.proxy) },
    // kubeadm's default is RSA-2048; this one is as strong, and made and checked in a fraction of the time.
    encryptionAlgorithm: given.encryptionAlgorithm || 'ECDSA-P256',
    certificateValidityPeriod: given.certificateValidityPeriod || '8760h0m0s',
    caCertificateValidityPeriod: given.caCertificateValidityPeriod || '87600h0m0s',
  }
}

/** `join` of this machine. */
export function defaultJoin(facts: MachineFacts, given: Given<JoinConfiguration> = {}): JoinConfiguration {
  const { bootstrapToken, tlsBootstrapToken } = given.discovery ?? {}
  const token = tlsBootstrapToken || bootstrapToken?.token
  return {
    ...(known(given) as Partial<JoinConfiguration>),
    nodeRegistration: nodeDefaults(facts, given.nodeRegistration),
    caCertPath: given.caCertPath || '/etc/kubernetes/pki/ca.crt',
    discovery: {
      ...((given.discovery?.file && { file: { kubeConfigPath: '', ...defined(given.discovery.file) } }) as object),
      ...((bootstrapToken && {
        bootstrapToken: { token: '', apiServerEndpoint: '', ...defined(bootstrapToken) },
      }) as object),
      ...(token ? { tlsBootstrapToken: token } : {}),
    },
    ...(given.controlPlane && {
      controlPlane: {
        ...(known(given.controlPlane) as object),
        localAPIEndpoint: endpointDefaults(facts, given.controlPlane.localAPIEndpoint),
      },
    }),
    timeouts: timeouts(given.timeouts),
  }
}

export function defaultReset(facts: MachineFacts, given: Given<ResetConfiguration> = {}): ResetConfiguration {
  return {
    ...(known(given) as Partial<ResetConfiguration>),
    certificatesDir: given.certificatesDir || '/etc/kubernetes/pki',
    criSocket: socketUrl(given.criSocket || facts.criSocket),
    timeouts: timeouts(given.timeouts),
  }
}

export function defaultUpgrade(_facts: MachineFacts, given: Given<UpgradeConfiguration> = {}): UpgradeConfiguration {
  const changing = {
    certificateRenewal: true,
    etcdUpgrade: true,
    imagePullPolicy: 'IfNotPresent',
    imagePullSerial: true,
  }
  return {
    apply: { ...changing, ...(defined(given.apply) as object) },
    diff: { contextLines: 3, ...defined(given.diff) },
    node: { ...changing, ...(defined(given.node) as object) },
    plan: { ...(defined(given.plan) as object) },
    timeouts: timeouts(given.timeouts),
  }
}

/** A token as it is made when nothing is said about it. */
export function tokenDefaults(given: Given<BootstrapTokenSpec> = {}): BootstrapTokenSpec {
  const { token, ttl, expires, description } = given
  return {
    token: token || formatBootstrapToken(generateBootstrapToken()),
    ...(description && { description }),
    ...(ttl || !expires ? { ttl: ttl || defaultTokenTtl } : {}),
    ...(expires && { expires }),
    usages: given.usages?.length ? given.usages : defaultTokenUsages,
    groups: given.groups?.length ? given.groups : [defaultTokenGroup],
  }
}

function nodeDefaults(facts: MachineFacts, given: Given<NodeRegistration> = {}): NodeRegistration {
  return {
    ...(known(given) as Partial<NodeRegistration>),
    name: (given.name || facts.nodeName).trim().toLowerCase(),
    criSocket: socketUrl(given.criSocket || facts.criSocket),
    imagePullPolicy: given.imagePullPolicy || 'IfNotPresent',
    imagePullSerial: given.imagePullSerial ?? true,
  }
}

/** An unspecified address stands for the machine's own: others could not reach it by that. */
function endpointDefaults(facts: MachineFacts, given: Given<LocalApiEndpoint> = {}): LocalApiEndpoint {
  const address = given.advertiseAddress
  return {
    advertiseAddress: !address || address === '0.0.0.0' || address === '::' ? facts.advertiseAddress : address,
    bindPort: given.bindPort || 6443,
  }
}

const timeouts = (given: Given<Timeouts> = {}): Timeouts => ({ ...timeoutDefaults, ...defined(given) })

/** A bare path was how sockets were written once. */
export const socketUrl = (socket: string) => (socket.startsWith('/') ? `unix://${socket}` : socket)

/** Names of channels mean the one version there is here: nothing is looked up elsewhere. */
export const isVersionLabel = (version: string) => /^(ci\/)?(stable|latest)(-\d+(\.\d+)?)?$|^ci\//.test(version)

function versionOf(given: string | undefined): string {
  if (!given || isVersionLabel(given)) return kubernetesVersion.gitVersion
  return /^\d/.test(given) ? `v${given}` : given
}

/** As many families as Services have. */
function podSubnetBeside(serviceSubnet: string): string {
  const families = serviceSubnet.split(',').map(subnet => parseCidr(subnet.trim())?.family ?? 4)
  return families.map(family => (family === 6 ? 'fd00:10:244::/56' : '10.244.0.0/16')).join(',')
}

/** Without fields that are undefined. */
function defined<T extends object>(given: T | undefined): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(given ?? {}).filter(([, value]) => value !== undefined)) as never
}

const known = (given: object): object => defined(given)
