/**
 * kubeadm's configuration kinds as data: every field with its type, what it is for, and the versions that have it.
 * The check of unknown fields and types (check.ts), the conversion of old versions (convert.ts) and the schema for
 * editors (json-schema.ts) all walk these tables; types.ts says what they come to in code.
 */

/** The versions that are read, oldest first. The last one is what is written. */
export const versions = ['v1beta2', 'v1beta3', 'v1beta4'] as const
export type ConfigVersion = (typeof versions)[number]
export const currentVersion: ConfigVersion = 'v1beta4'
export const group = 'kubeadm.k8s.io'

export type FieldType =
  | 'text'
  | 'flag'
  | 'integer'
  | 'duration'
  | 'time'
  /** Arguments of a component: a map before v1beta4, a list of name and value since. */
  | 'arguments'
  | 'list'
  | 'map'
  | 'object'

export interface Field {
  readonly type: FieldType
  /** For people, in an editor. */
  readonly does: string
  /** The first version that has it; default: all. */
  readonly since?: ConfigVersion
  /** The last version that had it. */
  readonly until?: ConfigVersion
  readonly choices?: readonly string[]
  /** What a list or a map holds. */
  readonly of?: Field
  readonly fields?: Fields
}
export type Fields = Readonly<Record<string, Field>>
type More = Omit<Partial<Field>, 'type' | 'does'>

const field =
  (type: FieldType) =>
  (does: string, more: More = {}) =>
    ({ type, does, ...more }) satisfies Field
const text = field('text')
const flag = field('flag')
const integer = field('integer')
const duration = field('duration')
const args = field('arguments')
const list = (does: string, of: Field, more: More = {}): Field => ({ type: 'list', does, of, ...more })
const texts = (does: string, more: More = {}) => list(does, text(''), more)
const object = (does: string, fields: Fields, more: More = {}): Field => ({ type: 'object', does, fields, ...more })

const new3 = { since: 'v1beta3' } as const
const new4 = { since: 'v1beta4' } as const

const environment = list(
  'environment variables of its container',
  object('one variable', { name: text('its name'), value: text('its value') }),
  new4,
)

const component: Fields = {
  extraArgs: args('further flags, by their names without dashes'),
  extraVolumes: list(
    'further folders and files of the machine, mounted into its container',
    object('one mount', {
      name: text('of the volume in the pod'),
      hostPath: text('path on the machine'),
      mountPath: text('path in the container'),
      readOnly: flag('mount it read-only'),
      pathType: text('as in a hostPath volume: DirectoryOrCreate, File, ...'),
    }),
  ),
  extraEnvs: environment,
}

const pullPolicy = { choices: ['Always', 'IfNotPresent', 'Never', ''] } as const
const skipPhases = texts('phases to leave out', new3)
const patches = object(
  'changes to the files made for static pods and the kubelet',
  { directory: text('folder with files such as kube-apiserver0+merge.yaml') },
  new3,
)
const ignored = texts('preflight checks whose errors become warnings; `all` for every one')
const dryRun = flag('show what would be done, and change nothing', new4)

const nodeRegistration = object('this machine as a node', {
  name: text('name of the Node object; default: the host name'),
  criSocket: text('socket of the container runtime, unix:///...'),
  taints: list(
    'taints of the node; left out: those of its role; []: none',
    object('one taint', {
      key: text('its key'),
      value: text('its value'),
      effect: text('NoSchedule, PreferNoSchedule or NoExecute'),
      timeAdded: field('time')('when it was added'),
    }),
  ),
  kubeletExtraArgs: args('further flags of the kubelet'),
  ignorePreflightErrors: ignored,
  imagePullPolicy: text('when images are pulled', { ...new3, ...pullPolicy }),
  imagePullSerial: flag('pull images one after the other', new4),
})

const localAPIEndpoint = object('where the API server of this machine is', {
  advertiseAddress: text('IP address that others reach it by'),
  bindPort: integer('TCP port'),
})

const timeouts = object(
  'how long to wait for things',
  {
    controlPlaneComponentHealthCheck: duration('for a component of the control plane to be healthy'),
    kubeletHealthCheck: duration('for the kubelet to be healthy'),
    kubernetesAPICall: duration('for an answer of the API'),
    etcdAPICall: duration('for an answer of etcd'),
    tlsBootstrap: duration('for the kubelet to get its certificate'),
    discovery: duration('for the cluster to be found when joining'),
    upgradeManifests: duration('for a static pod to be replaced'),
  },
  new4,
)

const certificateKey = text('64 hexadecimal digits that the uploaded certificates are encrypted with')

const init: Fields = {
  bootstrapTokens: list(
    'tokens that machines may join with',
    object('one token', {
      token: text('id.secret'),
      description: text('what it is for'),
      ttl: duration('how long it lives; 0s: it never expires'),
      expires: field('time')('when it expires; excludes ttl'),
      usages: texts('signing, authentication'),
      groups: texts('groups it authenticates as: system:bootstrappers:...'),
    }),
  ),
  dryRun,
  nodeRegistration,
  localAPIEndpoint,
  certificateKey,
  skipPhases,
  patches,
  timeouts,
}

const cluster: Fields = {
  etcd: object('the store of the cluster: local or external', {
    local: object('an etcd on each machine of the control plane', {
      imageRepository: text('where its image is'),
      imageTag: text('version of its image'),
      dataDir: text('folder of its data'),
      extraArgs: args('further flags of etcd'),
      extraEnvs: environment,
      serverCertSANs: texts('further names in its server certificate'),
      peerCertSANs: texts('further names in its peer certificate'),
    }),
    external: object('an etcd kept by somebody else', {
      endpoints: texts('https://host:2379'),
      caFile: text('certificate of its authority'),
      certFile: text('certificate to present to it'),
      keyFile: text('key of that certificate'),
    }),
  }),
  networking: object('the networks of the cluster', {
    serviceSubnet: text('addresses of Services, one network or two (IPv4 and IPv6), comma separated'),
    podSubnet: text('addresses of pods, one network or two; "": not managed here'),
    dnsDomain: text('domain of names in the cluster'),
  }),
  kubernetesVersion: text('the Kubernetes to run'),
  controlPlaneEndpoint: text('host or host:port that reaches every API server; needed for several of them'),
  apiServer: object('the API server', {
    ...component,
    certSANs: texts('further names in its certificate'),
    timeoutForControlPlane: duration('for the control plane to be healthy', { until: 'v1beta3' }),
  }),
  controllerManager: object('the controller manager', component),
  scheduler: object('the scheduler', component),
  dns: object('the DNS of the cluster', {
    type: text('CoreDNS', { until: 'v1beta2' }),
    imageRepository: text('where its image is'),
    imageTag: text('version of its image'),
    disabled: flag('do not install it', new4),
  }),
  proxy: object('kube-proxy', { disabled: flag('do not install it') }, new4),
  certificatesDir: text('folder of certificates and keys'),
  imageRepository: text('where images are pulled from'),
  useHyperKubeImage: flag('one image for all components', { until: 'v1beta2' }),
  featureGates: { type: 'map', does: 'features to turn on or off', of: flag('') },
  clusterName: text('name of the cluster in kubeconfig files'),
  encryptionAlgorithm: text('algorithm of keys that are made', {
    ...new4,
    choices: ['ECDSA-P256', 'ECDSA-P384', 'RSA-2048', 'RSA-3072', 'RSA-4096'],
  }),
  certificateValidityPeriod: duration('how long certificates are valid', new4),
  caCertificateValidityPeriod: duration('how long the authorities are valid', new4),
}

const join: Fields = {
  dryRun,
  nodeRegistration,
  caCertPath: text('where the certificate of the cluster is kept'),
  discovery: object('how the cluster is found and trusted', {
    bootstrapToken: object('by a token', {
      token: text('id.secret'),
      apiServerEndpoint: text('host:port of an API server'),
      caCertHashes: texts('pins of the authority: sha256:<hex>'),
      unsafeSkipCAVerification: flag('trust whoever knows the token'),
    }),
    file: object('by a kubeconfig file', { kubeConfigPath: text('a path, or an https URL') }),
    tlsBootstrapToken: text('token that the kubelet gets its certificate with; default: the one above'),
    timeout: duration('for the cluster to be found', { until: 'v1beta3' }),
  }),
  controlPlane: object('present: this machine becomes part of the control plane', { localAPIEndpoint, certificateKey }),
  skipPhases,
  patches,
  timeouts,
}

const reset: Fields = {
  cleanupTmpDir: flag('empty /etc/kubernetes/tmp, too'),
  certificatesDir: text('folder of certificates and keys'),
  criSocket: text('socket of the container runtime'),
  dryRun,
  force: flag('do not ask'),
  ignorePreflightErrors: ignored,
  skipPhases,
  unmountFlags: texts('how folders of the kubelet are unmounted: MNT_FORCE, MNT_DETACH, ...'),
  timeouts,
}

const toVersion: Fields = {
  kubernetesVersion: text('the Kubernetes to go to'),
  allowExperimentalUpgrades: flag('offer unstable versions'),
  allowRCUpgrades: flag('offer release candidates'),
  printConfig: flag('show the configuration used'),
}
const changing: Fields = {
  certificateRenewal: flag('renew the certificates of what is upgraded'),
  dryRun,
  etcdUpgrade: flag('upgrade etcd, too'),
  ignorePreflightErrors: ignored,
  skipPhases,
  patches,
  imagePullPolicy: text('when images are pulled', pullPolicy),
  imagePullSerial: flag('pull images one after the other'),
}
const upgrade: Fields = {
  apply: object('upgrade apply', { ...toVersion, ...changing, forceUpgrade: flag('go on in spite of warnings') }),
  diff: object('upgrade diff', {
    kubernetesVersion: toVersion.kubernetesVersion!,
    contextLines: integer('lines shown around a difference'),
  }),
  node: object('upgrade node', changing),
  plan: object('upgrade plan', { ...toVersion, dryRun, ignorePreflightErrors: ignored }),
  timeouts,
}

/** One kind of kubeadm's configuration. */
export interface ConfigKind {
  readonly kind: string
  readonly since: ConfigVersion
  readonly does: string
  readonly fields: Fields
}

/** The kinds, by what we call them. */
export const configKinds = {
  init: { kind: 'InitConfiguration', since: 'v1beta2', does: 'how `init` sets up this machine', fields: init },
  cluster: {
    kind: 'ClusterConfiguration',
    since: 'v1beta2',
    does: 'what all machines of a cluster have in common',
    fields: cluster,
  },
  join: { kind: 'JoinConfiguration', since: 'v1beta2', does: 'how `join` sets up this machine', fields: join },
  reset: { kind: 'ResetConfiguration', since: 'v1beta4', does: 'what `reset` removes', fields: reset },
  upgrade: { kind: 'UpgradeConfiguration', since: 'v1beta4', does: 'how `upgrade` goes about it', fields: upgrade },
} as const satisfies Record<string, ConfigKind>
export type ConfigKindName = keyof typeof configKinds

/** Kinds of components that may stand in the same file; kept as they are. */
export const componentKinds = {
  kubelet: { kind: 'KubeletConfiguration', apiVersion: 'kubelet.config.k8s.io/v1beta1' },
  kubeProxy: { kind: 'KubeProxyConfiguration', apiVersion: 'kubeproxy.config.k8s.io/v1alpha1' },
} as const
export type ComponentKindName = keyof typeof componentKinds

/** Whether a version has a field. */
export function isIn(version: ConfigVersion, { since, until }: Pick<Field, 'since' | 'until'>): boolean {
  const at = versions.indexOf(version)
  return (!since || at >= versions.indexOf(since)) && (!until || at <= versions.indexOf(until))
}

/** What was said about each kind, in the current form; defaults are not in it. */
export type GivenKinds = Partial<Record<ConfigKindName, Readonly<Record<string, unknown>>>>
