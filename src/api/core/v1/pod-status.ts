import { atomicList, int64, listBy, map, required, setOf, string } from '../../../schema/schema.ts'
import { core } from '../../group-version.ts'
import { quantity, time } from '../../meta/v1/scalars.ts'
import { ContainerStatus } from './container-status.ts'
import { ResourceRequirements } from './resource-requirements.ts'

export class ContainerExtendedResourceRequest extends core.type({
  containerName: required(string()),
  requestName: required(string()),
  resourceName: required(string()),
}) {}

export class HostIP extends core.type({
  ip: required(string()),
}) {}

export class NodeAllocatableResourceClaimStatus extends core.type({
  containers: setOf(string()),
  resourceClaimName: required(string()),
  resources: required(map(quantity())),
}) {}

export class PodCondition extends core.type({
  lastProbeTime: time(),
  lastTransitionTime: time(),
  message: string(),
  observedGeneration: int64(),
  reason: string(),
  status: required(string()),
  type: required(string()),
}) {}

export class PodExtendedResourceClaimStatus extends core.type({
  requestMappings: required(atomicList(ContainerExtendedResourceRequest)),
  resourceClaimName: required(string()),
}) {}

export class PodIP extends core.type({
  ip: required(string()),
}) {}

export class PodResourceClaimStatus extends core.type({
  name: required(string()),
  resourceClaimName: string(),
}) {}

export class PodStatus extends core.type({
  allocatedResources: map(quantity()),
  conditions: listBy(PodCondition, ['type']),
  containerStatuses: atomicList(ContainerStatus),
  ephemeralContainerStatuses: atomicList(ContainerStatus),
  extendedResourceClaimStatus: PodExtendedResourceClaimStatus,
  hostIP: string(),
  hostIPs: atomicList(HostIP, { patchStrategy: 'merge', patchMergeKey: 'ip' }),
  initContainerStatuses: atomicList(ContainerStatus),
  message: string(),
  nodeAllocatableResourceClaimStatuses: atomicList(NodeAllocatableResourceClaimStatus),
  nominatedNodeName: string(),
  observedGeneration: int64(),
  phase: string(),
  podIP: string(),
  podIPs: listBy(PodIP, ['ip']),
  qosClass: string(),
  reason: string(),
  resize: string(),
  resourceClaimStatuses: listBy(PodResourceClaimStatus, ['name'], {
    patchStrategy: 'merge,retainKeys',
    patchMergeKey: 'name',
  }),
  resources: ResourceRequirements,
  startTime: time(),
}) {}
