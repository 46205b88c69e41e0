/** The rules of complete configurations: every error is collected, with the path of its field. */
import { kubernetesVersion } from '../../base/version.ts'
import {
  type FieldError,
  fieldForbidden,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
} from '../../machinery/field-error.ts'
import { parseBootstrapToken } from '../../pki/bootstrap-token.ts'
import { isCaHash } from '../../pki/ca-hash.ts'
import { usesSqlite } from './datastore.ts'
import type { ConfigKindName } from './fields.ts'
import {
  absolutePath,
  alternativeName,
  arguments_,
  bindPort,
  certificateKey,
  durations,
  endpoint,
  ipAddress,
  secretInvalid,
  subdomain,
  unixSocket,
} from './rules.ts'
import type {
  BootstrapTokenSpec,
  ClusterConfiguration,
  InitConfiguration,
  JoinConfiguration,
  LocalApiEndpoint,
  NodeRegistration,
  ResetConfiguration,
  UpgradeConfiguration,
} from './types.ts'
import { validateEtcd } from './validate-etcd.ts'
import { validateNetworking } from './validate-networking.ts'

export interface ConfigError {
  readonly kind: ConfigKindName
  readonly error: FieldError
}

export interface Validated {
  readonly errors: readonly ConfigError[]
  readonly warnings: readonly string[]
}

/** Validates every configuration that is there. */
export function validate(all: {
  readonly init?: InitConfiguration
  readonly cluster?: ClusterConfiguration
  readonly join?: JoinConfiguration
  readonly reset?: ResetConfiguration
  readonly upgrade?: UpgradeConfiguration
}): Validated {
  const of = (kind: ConfigKindName, errors: readonly FieldError[]) => errors.map(error => ({ kind, error }))
  const errors = [
    ...(all.init ? of('init', validateInit(all.init)) : []),
    ...(all.cluster ? of('cluster', validateCluster(all.cluster)) : []),
    ...(all.join ? of('join', validateJoin(all.join)) : []),
    ...(all.reset ? of('reset', validateReset(all.reset)) : []),
    ...(all.upgrade ? of('upgrade', validateUpgrade(all.upgrade)) : []),
  ]
  return { errors, warnings: all.cluster ? clusterWarnings(all.cluster) : [] }
}

function validateInit(init: InitConfiguration): FieldError[] {
  return [
    ...init.bootstrapTokens.flatMap((token, i) => validateToken(token, `bootstrapTokens[${i}]`)),
    ...validateNode(init.nodeRegistration),
    ...validateEndpoint(init.localAPIEndpoint, 'localAPIEndpoint'),
    ...certificateKey(init.certificateKey, 'certificateKey'),
    ...durations(init.timeouts, 'timeouts'),
  ]
}

function validateCluster(cluster: ClusterConfiguration): FieldError[] {
  const { apiServer, controllerManager, scheduler } = cluster
  return [
    ...validateNetworking(cluster),
    ...(usesSqlite(cluster) ? [] : validateEtcd(cluster.etcd)),
    ...(apiServer.certSANs ?? []).flatMap((name, i) => alternativeName(name, `apiServer.certSANs[${i}]`)),
    ...arguments_(apiServer.extraArgs, 'apiServer.extraArgs'),
    ...arguments_(controllerManager.extraArgs, 'controllerManager.extraArgs'),
    ...arguments_(scheduler.extraArgs, 'scheduler.extraArgs'),
    ...endpoint(cluster.controlPlaneEndpoint, 'controlPlaneEndpoint', { optional: true, port: 'optional' }),
    ...absolutePath(cluster.certificatesDir, 'certificatesDir'),
    ...(/^[a-z0-9]+([._-][a-z0-9]+)*(:\d+)?(\/[a-z0-9]+(([._]|__|-+)[a-z0-9]+)*)*$/i.test(cluster.imageRepository)
      ? []
      : [
          fieldInvalid('imageRepository', cluster.imageRepository, 'is no repository such as registry.example.com/k8s'),
        ]),
    ...(/^v\d+\.\d+\.\d+([-+][0-9A-Za-z.+-]+)?$/.test(cluster.kubernetesVersion)
      ? []
      : [fieldInvalid('kubernetesVersion', cluster.kubernetesVersion, 'is no version such as v1.36.0')]),
    ...Object.keys(cluster.featureGates ?? {}).flatMap(name =>
      name in featureGates ? [] : [fieldNotSupported(`featureGates.${name}`, name, Object.keys(featureGates).sort())],
    ),
    ...oneOf(cluster.encryptionAlgorithm, 'encryptionAlgorithm', [
      'ECDSA-P256',
      'ECDSA-P384',
      'RSA-2048',
      'RSA-3072',
      'RSA-4096',
    ]),
    ...durations(cluster, '', ['certificateValidityPeriod', 'caCertificateValidityPeriod'], { positive: true }),
  ]
}

/** Those of kubeadm, with how things are here. All are accepted, so that files written for it can be used. */
const featureGates: Readonly<Record<string, 'always on' | 'always off'>> = {
  ControlPlaneKubeletLocalMode: 'always on',
  NodeLocalCRISocket: 'always on',
  PublicKeysECDSA: 'always on',
  RootlessControlPlane: 'always off',
  EtcdLearnerMode: 'always on',
  WaitForAllControlPlaneComponents: 'always on',
  UpgradeAddonsBeforeControlPlane: 'always off',
  IPv6DualStack: 'always on',
}

function clusterWarnings(cluster: ClusterConfiguration): string[] {
  const beyond = (field: 'certificateValidityPeriod' | 'caCertificateValidityPeriod', hours: number) =>
    hoursOf(cluster[field]) > hours ? [`${field}: ${cluster[field]} is longer than the usual ${hours}h`] : []
  const plain = (version: string) => version.split('+')[0]
  const { gitVersion } = kubernetesVersion
  return [
    ...(plain(cluster.kubernetesVersion) === plain(gitVersion)
      ? []
      : [`kubernetesVersion: ${cluster.kubernetesVersion} is not what runs: this Kobune is Kubernetes ${gitVersion}`]),
    ...beyond('certificateValidityPeriod', 8760),
    ...beyond('caCertificateValidityPeriod', 87_600),
    ...Object.entries(cluster.featureGates ?? {}).flatMap(([name, on]) =>
      featureGates[name] === (on ? 'always off' : 'always on')
        ? [`featureGates.${name}: it is ${featureGates[name]} here`]
        : [],
    ),
    ...[cluster.networking.serviceSubnet, cluster.networking.podSubnet].flatMap(subnet =>
      /(^|,)\s*fe[c-f]/i.test(subnet) ? [`networking: ${subnet} is in the deprecated site-local range fec0::/10`] : [],
    ),
  ]
}

const hoursOf = (period: string) => Number(/^(\d+)h/.exec(period)?.[1] ?? 0)

function validateJoin(join: JoinConfiguration): FieldError[] {
  const { controlPlane, caCertPath } = join
  return [
    ...validateNode(join.nodeRegistration),
    ...validateDiscovery(join),
    ...absolutePath(caCertPath, 'caCertPath'),
    ...(caCertPath.endsWith('.crt') ? [] : [fieldInvalid('caCertPath', caCertPath, 'must end in .crt')]),
    ...(controlPlane
      ? [
          ...validateEndpoint(controlPlane.localAPIEndpoint, 'controlPlane.localAPIEndpoint'),
          ...certificateKey(controlPlane.certificateKey, 'controlPlane.certificateKey'),
        ]
      : []),
    ...durations(join.timeouts, 'timeouts'),
  ]
}

function validateDiscovery({ discovery }: JoinConfiguration): FieldError[] {
  const { bootstrapToken: byToken, file, tlsBootstrapToken } = discovery
  const errors: FieldError[] = []
  if (byToken && file) errors.push(fieldInvalid('discovery', '', 'bootstrapToken and file exclude each other'))
  if (!byToken && !file)
    errors.push(fieldInvalid('discovery', '', 'bootstrapToken or file must be given (--token or --discovery-file)'))
  if (byToken) {
    errors.push(
      ...tokenForm(byToken.token, 'discovery.bootstrapToken.token'),
      ...endpoint(byToken.apiServerEndpoint, 'discovery.bootstrapToken.apiServerEndpoint', { port: 'required' }),
    )
    const pins = byToken.caCertHashes ?? []
    if (pins.length === 0 && !byToken.unsafeSkipCAVerification) {
      const hint = 'give a pin of the authority (--discovery-token-ca-cert-hash), or unsafeSkipCAVerification'
      errors.push(fieldRequired('discovery.bootstrapToken.caCertHashes', hint))
    }
    for (const [i, pin] of pins.entries()) {
      if (isCaHash(pin.toLowerCase())) continue
      errors.push(fieldInvalid(`discovery.bootstrapToken.caCertHashes[${i}]`, pin, 'must be sha256:<64 hex digits>'))
    }
  }
  if (file && !/^(\/|https:\/\/\S)/.test(file.kubeConfigPath)) {
    const text = 'must be an absolute path, or an https URL'
    errors.push(fieldInvalid('discovery.file.kubeConfigPath', file.kubeConfigPath, text))
  }
  if (tlsBootstrapToken && tlsBootstrapToken !== byToken?.token)
    errors.push(...tokenForm(tlsBootstrapToken, 'discovery.tlsBootstrapToken'))
  return errors
}

const unmountFlags = ['MNT_FORCE', 'MNT_DETACH', 'MNT_EXPIRE', 'UMOUNT_NOFOLLOW']

function validateReset(reset: ResetConfiguration): FieldError[] {
  return [
    ...absolutePath(reset.certificatesDir, 'certificatesDir'),
    ...unixSocket(reset.criSocket, 'criSocket'),
    ...ignoredChecks(reset.ignorePreflightErrors, 'ignorePreflightErrors'),
    ...(reset.unmountFlags ?? []).flatMap((flag, i) => oneOf(flag, `unmountFlags[${i}]`, unmountFlags)),
    ...durations(reset.timeouts, 'timeouts'),
  ]
}

function validateUpgrade(upgrade: UpgradeConfiguration): FieldError[] {
  const each = (['apply', 'node'] as const).flatMap(name => [
    ...oneOf(upgrade[name].imagePullPolicy ?? '', `${name}.imagePullPolicy`, pullPolicies),
    ...ignoredChecks(upgrade[name].ignorePreflightErrors, `${name}.ignorePreflightErrors`),
    ...(upgrade[name].patches?.directory
      ? absolutePath(upgrade[name].patches.directory, `${name}.patches.directory`)
      : []),
  ])
  return [...each, ...durations(upgrade.timeouts, 'timeouts')]
}

const pullPolicies = ['Always', 'IfNotPresent', 'Never', '']

function validateNode(node: NodeRegistration): FieldError[] {
  const under = 'nodeRegistration'
  return [
    ...subdomain(node.name, `${under}.name`),
    ...unixSocket(node.criSocket, `${under}.criSocket`),
    ...arguments_(node.kubeletExtraArgs, `${under}.kubeletExtraArgs`),
    ...oneOf(node.imagePullPolicy, `${under}.imagePullPolicy`, pullPolicies),
    ...ignoredChecks(node.ignorePreflightErrors, `${under}.ignorePreflightErrors`),
    ...(node.taints ?? []).flatMap((taint, i) => [
      ...(taint.key ? [] : [fieldRequired(`${under}.taints[${i}].key`)]),
      ...oneOf(taint.effect, `${under}.taints[${i}].effect`, ['NoSchedule', 'PreferNoSchedule', 'NoExecute']),
    ]),
  ]
}

/** `all` beside single names would say two things at once. */
function ignoredChecks(names: readonly string[] | undefined, path: string): FieldError[] {
  const all = names?.some(name => name.toLowerCase() === 'all')
  return all && names!.length > 1 ? [fieldInvalid(path, names!.join(','), "'all' cannot be together with others")] : []
}

function validateEndpoint({ advertiseAddress, bindPort: port }: LocalApiEndpoint, path: string): FieldError[] {
  return [...ipAddress(advertiseAddress, `${path}.advertiseAddress`), ...bindPort(port, `${path}.bindPort`)]
}

function validateToken(token: BootstrapTokenSpec, path: string): FieldError[] {
  const errors = tokenForm(token.token, `${path}.token`)
  if (token.ttl && token.expires) errors.push(fieldForbidden(`${path}.ttl`, 'ttl and expires exclude each other'))
  errors.push(...durations(token, path, ['ttl']))
  for (const [i, usage] of token.usages.entries())
    errors.push(...oneOf(usage, `${path}.usages[${i}]`, ['signing', 'authentication']))
  if (token.groups.length > 0 && !token.usages.includes('authentication'))
    errors.push(fieldForbidden(`${path}.groups`, 'only a token with the usage authentication has groups'))
  for (const [i, name] of token.groups.entries()) {
    if (/^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/.test(name)) continue
    errors.push(fieldInvalid(`${path}.groups[${i}]`, name, 'must be a name under system:bootstrappers:'))
  }
  return errors
}

/** The secret of a token is never repeated, not even in an error about it. */
function tokenForm(token: string, path: string): FieldError[] {
  if (token === '') return [fieldRequired(path)]
  return parseBootstrapToken(token)
    ? []
    : [secretInvalid(path, 'must be 6 and 16 lower case letters and digits: abcdef.0123456789abcdef')]
}

function oneOf(value: string, path: string, supported: readonly string[]): FieldError[] {
  return supported.includes(value) ? [] : [fieldNotSupported(path, value, supported.filter(Boolean))]
}
