import { atomicList, bool, dflt, int32, int64, listBy, map, required, string } from '../../../schema/schema.ts'
import { core } from '../../group-version.ts'
import { LabelSelector } from '../../meta/v1/label-selector.ts'
import { quantity } from '../../meta/v1/scalars.ts'
import { Affinity } from './affinity.ts'
import { Container } from './container.ts'
import { fillPodSpec } from './defaults.ts'
import { EphemeralContainer } from './ephemeral-container.ts'
import { PodSecurityContext } from './pod-security-context.ts'
import { ResourceRequirements } from './resource-requirements.ts'
import { LocalObjectReference } from './service-account.ts'
import { Toleration } from './toleration.ts'
import { Volume } from './volume.ts'

export class HostAlias extends core.type({
  hostnames: atomicList(string()),
  ip: required(string()),
}) {}

export class PodDNSConfigOption extends core.type({
  name: string(),
  value: string(),
}) {}

export class PodDNSConfig extends core.type({
  nameservers: atomicList(string()),
  options: atomicList(PodDNSConfigOption),
  searches: atomicList(string()),
}) {}

export class PodOS extends core.type({
  name: required(string()),
}) {}

export class PodReadinessGate extends core.type({
  conditionType: required(string()),
}) {}

export class PodResourceClaim extends core.type({
  name: required(string()),
  resourceClaimName: string(),
  resourceClaimTemplateName: string(),
}) {}

export class PodSchedulingGate extends core.type({
  name: required(string()),
}) {}

export class PodSchedulingGroup extends core.type(
  {
    podGroupName: string(),
  },
  { unions: [{ 'fields-to-discriminateBy': { podGroupName: 'PodGroupName' } }] },
) {}

export class TopologySpreadConstraint extends core.type({
  labelSelector: LabelSelector,
  matchLabelKeys: atomicList(string()),
  maxSkew: required(int32()),
  minDomains: int32(),
  nodeAffinityPolicy: string(),
  nodeTaintsPolicy: string(),
  topologyKey: required(string()),
  whenUnsatisfiable: required(string()),
}) {}

export class PodSpec extends core.type(
  {
    activeDeadlineSeconds: int64(),
    affinity: Affinity,
    automountServiceAccountToken: bool(),
    containers: required(listBy(Container, ['name'])),
    dnsConfig: PodDNSConfig,
    dnsPolicy: dflt(string(), 'ClusterFirst'),
    enableServiceLinks: bool(),
    ephemeralContainers: listBy(EphemeralContainer, ['name']),
    hostAliases: listBy(HostAlias, ['ip']),
    hostIPC: bool(),
    hostNetwork: bool(),
    hostPID: bool(),
    hostUsers: bool(),
    hostname: string(),
    hostnameOverride: string(),
    imagePullSecrets: listBy(LocalObjectReference, ['name']),
    initContainers: listBy(Container, ['name']),
    nodeName: string(),
    nodeSelector: map(string(), { mapType: 'atomic' }),
    os: PodOS,
    overhead: map(quantity()),
    preemptionPolicy: string(),
    priority: int32(),
    priorityClassName: string(),
    readinessGates: atomicList(PodReadinessGate),
    resourceClaims: listBy(PodResourceClaim, ['name'], { patchStrategy: 'merge,retainKeys', patchMergeKey: 'name' }),
    resources: ResourceRequirements,
    restartPolicy: dflt(string(), 'Always'),
    runtimeClassName: string(),
    schedulerName: dflt(string(), 'default-scheduler'),
    schedulingGates: listBy(PodSchedulingGate, ['name']),
    schedulingGroup: PodSchedulingGroup,
    securityContext: dflt(PodSecurityContext, {}),
    serviceAccount: string(),
    serviceAccountName: string(),
    setHostnameAsFQDN: bool(),
    shareProcessNamespace: bool(),
    subdomain: string(),
    terminationGracePeriodSeconds: dflt(int64(), 30),
    tolerations: atomicList(Toleration),
    topologySpreadConstraints: listBy(TopologySpreadConstraint, ['topologyKey', 'whenUnsatisfiable']),
    volumes: listBy(Volume, ['name'], { patchStrategy: 'merge,retainKeys', patchMergeKey: 'name' }),
  },
  { fill: fillPodSpec },
) {}
