/** The flags of `init`, `join`, `reset` and `upgrade` as data: what they are called, and which field each one fills. */

import { ConfigurationError } from './configuration-error.ts'
import { nested, overlay } from './convert.ts'
import type { ConfigKindName, GivenKinds } from './fields.ts'

type As = 'text' | 'number' | 'flag' | 'list' | 'gates' | 'duration' | 'one-token'

/** One flag. A command's own declaration of options is made from these. */
export interface ConfigFlag {
  /** As a command declares it: `--pod-network-cidr <cidr>`. */
  readonly flags: string
  readonly does: string
  readonly as: As
  /** The fields it fills; two for `join --token`. */
  readonly into: readonly { readonly kind: ConfigKindName; readonly path: string }[]
  /** May be given several times; a value may itself be a comma separated list. */
  readonly many?: true
}

function flag(flags: string, does: string, as: As, kind: ConfigKindName, ...paths: string[]): ConfigFlag {
  const into = paths.map(path => ({ kind, path }))
  return { flags, does, as, into, ...((as === 'list' || as === 'gates') && { many: true }) }
}

const shared = (kind: ConfigKindName): readonly ConfigFlag[] => [
  flag('--node-name <name>', 'name of the node', 'text', kind, 'nodeRegistration.name'),
  flag('--cri-socket <socket>', 'socket of the container runtime', 'text', kind, 'nodeRegistration.criSocket'),
  flag(
    '--ignore-preflight-errors <names>',
    "checks whose errors are only warned of; 'all' for every one",
    'list',
    kind,
    'nodeRegistration.ignorePreflightErrors',
  ),
  flag('--patches <folder>', 'folder of changes to files that are made', 'text', kind, 'patches.directory'),
  flag('--skip-phases <names>', 'phases to leave out', 'list', kind, 'skipPhases'),
  flag('--dry-run', 'show what would be done, and change nothing', 'flag', kind, 'dryRun'),
]

const initOnly: readonly ConfigFlag[] = [
  flag(
    '--apiserver-advertise-address <ip>',
    'address of this API server for others',
    'text',
    'init',
    'localAPIEndpoint.advertiseAddress',
  ),
  flag('--apiserver-bind-port <port>', 'its port (6443)', 'number', 'init', 'localAPIEndpoint.bindPort'),
  flag(
    '--apiserver-cert-extra-sans <names>',
    'further names in its certificate',
    'list',
    'cluster',
    'apiServer.certSANs',
  ),
  flag('--cert-dir <folder>', 'folder of certificates and keys', 'text', 'cluster', 'certificatesDir'),
  flag('--certificate-key <key>', 'key to encrypt uploaded certificates with', 'text', 'init', 'certificateKey'),
  flag('--control-plane-endpoint <host:port>', 'reaches every API server', 'text', 'cluster', 'controlPlaneEndpoint'),
  flag('--feature-gates <name=bool>', 'features to turn on or off', 'gates', 'cluster', 'featureGates'),
  flag('--image-repository <name>', 'where images are pulled from', 'text', 'cluster', 'imageRepository'),
  flag('--kubernetes-version <version>', 'the Kubernetes to run', 'text', 'cluster', 'kubernetesVersion'),
  flag('--pod-network-cidr <cidr>', 'addresses of pods', 'text', 'cluster', 'networking.podSubnet'),
  flag('--service-cidr <cidr>', 'addresses of Services (10.96.0.0/12)', 'text', 'cluster', 'networking.serviceSubnet'),
  flag('--service-dns-domain <domain>', 'domain of names (cluster.local)', 'text', 'cluster', 'networking.dnsDomain'),
  flag('--token <token>', 'token to join with; made when left out', 'one-token', 'init', 'token'),
  flag('--token-ttl <duration>', 'how long it lives (24h); 0: for ever', 'one-token', 'init', 'ttl'),
]

const joinOnly: readonly ConfigFlag[] = [
  flag(
    '--apiserver-advertise-address <ip>',
    'with --control-plane: address of this API server for others',
    'text',
    'join',
    'controlPlane.localAPIEndpoint.advertiseAddress',
  ),
  flag(
    '--apiserver-bind-port <port>',
    'with --control-plane: its port (6443)',
    'number',
    'join',
    'controlPlane.localAPIEndpoint.bindPort',
  ),
  flag(
    '--certificate-key <key>',
    'with --control-plane: key of the uploaded certificates',
    'text',
    'join',
    'controlPlane.certificateKey',
  ),
  flag('--discovery-file <path>', 'kubeconfig to find the cluster by', 'text', 'join', 'discovery.file.kubeConfigPath'),
  flag('--discovery-token <token>', 'token to find it by', 'text', 'join', 'discovery.bootstrapToken.token'),
  flag(
    '--discovery-token-ca-cert-hash <pin>',
    'pin of its authority, sha256:<hex>',
    'list',
    'join',
    'discovery.bootstrapToken.caCertHashes',
  ),
  flag(
    '--discovery-token-unsafe-skip-ca-verification',
    'trust whoever knows the token',
    'flag',
    'join',
    'discovery.bootstrapToken.unsafeSkipCAVerification',
  ),
  flag(
    '--tls-bootstrap-token <token>',
    'token to get certificates with',
    'text',
    'join',
    'discovery.tlsBootstrapToken',
  ),
  flag(
    '--token <token>',
    'both tokens at once',
    'text',
    'join',
    'discovery.bootstrapToken.token',
    'discovery.tlsBootstrapToken',
  ),
]

const resetOnly: readonly ConfigFlag[] = [
  flag('--cert-dir <folder>', 'folder of certificates and keys', 'text', 'reset', 'certificatesDir'),
  flag('--cri-socket <socket>', 'socket of the container runtime', 'text', 'reset', 'criSocket'),
  flag('--cleanup-tmp-dir', 'empty /etc/kubernetes/tmp, too', 'flag', 'reset', 'cleanupTmpDir'),
  flag('-f, --force', 'do not ask', 'flag', 'reset', 'force'),
  flag('--dry-run', 'show what would be done, and change nothing', 'flag', 'reset', 'dryRun'),
  flag(
    '--ignore-preflight-errors <names>',
    "checks whose errors are only warned of; 'all' for every one",
    'list',
    'reset',
    'ignorePreflightErrors',
  ),
  flag('--skip-phases <names>', 'phases to leave out', 'list', 'reset', 'skipPhases'),
]

/** Each fills the fields of all of upgrade's commands that have it: one of them runs. */
const upgradeFlags: readonly ConfigFlag[] = [
  flag('--dry-run', 'show what would be done, and change nothing', 'flag', 'upgrade', 'apply.dryRun', 'node.dryRun'),
  flag(
    '--ignore-preflight-errors <names>',
    "checks whose errors are only warned of; 'all' for every one",
    'list',
    'upgrade',
    'apply.ignorePreflightErrors',
    'node.ignorePreflightErrors',
    'plan.ignorePreflightErrors',
  ),
  flag(
    '--certificate-renewal [bool]',
    'renew the certificates of what is upgraded; default: true',
    'flag',
    'upgrade',
    'apply.certificateRenewal',
    'node.certificateRenewal',
  ),
  flag(
    '--etcd-upgrade [bool]',
    'upgrade etcd, too; default: true',
    'flag',
    'upgrade',
    'apply.etcdUpgrade',
    'node.etcdUpgrade',
  ),
  flag(
    '--patches <folder>',
    'folder of changes to files that are made',
    'text',
    'upgrade',
    'apply.patches.directory',
    'node.patches.directory',
  ),
  flag('--skip-phases <names>', 'phases to leave out', 'list', 'upgrade', 'apply.skipPhases', 'node.skipPhases'),
  flag('-f, --force', 'go on in spite of the versions, and do not ask', 'flag', 'upgrade', 'apply.forceUpgrade'),
  flag('--print-config', 'show the configuration used', 'flag', 'upgrade', 'apply.printConfig', 'plan.printConfig'),
  flag(
    '--allow-experimental-upgrades',
    'go to unstable versions, too',
    'flag',
    'upgrade',
    'apply.allowExperimentalUpgrades',
    'plan.allowExperimentalUpgrades',
  ),
  flag(
    '--allow-release-candidate-upgrades',
    'go to release candidates, too',
    'flag',
    'upgrade',
    'apply.allowRCUpgrades',
    'plan.allowRCUpgrades',
  ),
  flag('-c, --context-lines <count>', 'lines shown around a difference (3)', 'number', 'upgrade', 'diff.contextLines'),
]

/** The flags of each command that end up in its configuration. */
export const configFlags: Readonly<Record<'init' | 'join' | 'reset' | 'upgrade', readonly ConfigFlag[]>> = {
  init: [...initOnly, ...shared('init')],
  join: [...joinOnly, ...shared('join')],
  reset: resetOnly,
  upgrade: upgradeFlags,
}

/** What may stand beside --config, besides every flag named skip-*. */
const besideConfig: readonly string[] = [
  'config',
  'ignore-preflight-errors',
  'dry-run',
  'kubeconfig',
  'kubeconfig-dir',
  'node-name',
  'upload-certs',
  'print-join-command',
  'rootfs',
  'v',
  'log-file',
  'yes',
]

/** Refuses flags that would say what the file of --config says. `given` are options as a call has them, in camelCase. */
export function checkBesideConfig(given: Readonly<Record<string, unknown>>, defaults: readonly string[] = []): void {
  if (given.config === undefined) return
  const mixed = Object.keys(given)
    .filter(name => given[name] !== undefined && !defaults.includes(name))
    .map(name => name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`))
    .filter(name => !besideConfig.includes(name) && !name.startsWith('skip-'))
  if (mixed.length === 0) return
  throw new ConfigurationError([`can not mix '--config' with arguments [${mixed.sort().join(' ')}]`])
}

/**
 * What the flags of a call say, as configuration to lay upon that of a file. For `join`, `endpoint` is its argument, and
 * `controlPlane` whether it becomes part of the control plane. Throws ConfigurationError.
 */
export function flagsToConfiguration(
  command: keyof typeof configFlags,
  given: Readonly<Record<string, unknown>>,
): GivenKinds {
  const made: Record<string, Record<string, unknown>> = {}
  const token: Record<string, unknown> = {}
  for (const { flags, as, into } of configFlags[command]) {
    const name = /--([a-z-]+)/.exec(flags)![1]!
    const value = given[camel(name)]
    if (value === undefined) continue
    // Of an API server's own flags there is no use on a worker.
    if (command === 'join' && !given.controlPlane && into[0]!.path.startsWith('controlPlane.')) continue
    if (as === 'one-token') {
      token[into[0]!.path] = value === '0' ? '0s' : value
      continue
    }
    const read = readValue(`--${name}`, as, value)
    for (const { kind, path } of into) made[kind] = overlay(made[kind] ?? {}, nested(path, read)) as never
  }
  if (command === 'join' && given.controlPlane === true)
    made.join = overlay({ controlPlane: {} }, made.join ?? {}) as never
  if (command === 'join' && given.endpoint !== undefined) {
    const path = 'discovery.bootstrapToken.apiServerEndpoint'
    made.join = overlay(made.join ?? {}, nested(path, String(given.endpoint))) as never
  }
  if (Object.keys(token).length > 0) made.init = { ...made.init, bootstrapTokens: [token] }
  return made
}

const flagLists: Partial<Record<ConfigKindName, readonly string[]>> = {
  init: ['nodeRegistration.ignorePreflightErrors', 'skipPhases'],
  join: ['nodeRegistration.ignorePreflightErrors', 'skipPhases'],
  reset: ['ignorePreflightErrors', 'skipPhases'],
  upgrade: ['apply', 'node', 'plan'].flatMap(name => [`${name}.ignorePreflightErrors`, `${name}.skipPhases`]),
}

/**
 * Lists of both are kept: a check ignored by the file stays ignored beside --ignore-preflight-errors, and so do phases
 * to skip.
 */
export function mergeFlagLists(found: GivenKinds, flags: GivenKinds, kind: ConfigKindName) {
  let merged = flags[kind]
  for (const path of flagLists[kind] ?? []) {
    const [before, more] = [at(found[kind], path), at(flags[kind], path)]
    if (Array.isArray(before) && Array.isArray(more))
      merged = overlay(merged, nested(path, [...new Set([...before, ...more])])) as typeof merged
  }
  return merged ? { ...flags, [kind]: merged } : flags
}

const at = (value: unknown, path: string): unknown =>
  path.split('.').reduce<unknown>((inner, name) => (inner as Record<string, unknown> | undefined)?.[name], value)

const camel = (name: string) => name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())

function readValue(name: string, as: As, value: unknown): unknown {
  if (as === 'flag') return value === true || value === 'true'
  if (as === 'number') {
    const number = Number(value)
    if (Number.isInteger(number) && String(value).trim() !== '') return number
    throw new ConfigurationError([`${name}: ${JSON.stringify(value)} is no whole number`])
  }
  if (as === 'list') return parts(value)
  if (as !== 'gates') return String(value)
  return Object.fromEntries(
    parts(value).map(pair => {
      const [, gate, on] = /^([A-Za-z0-9]+)=(true|false)$/.exec(pair) ?? []
      if (!gate) throw new ConfigurationError([`${name}: ${JSON.stringify(pair)} is not of the form Name=true`])
      return [gate, on === 'true']
    }),
  )
}

const parts = (value: unknown): string[] =>
  (Array.isArray(value) ? value : [value]).flatMap(one => String(one).split(',')).filter(Boolean)
