import { atomicList, bool, int32, int64, listBy, map, required, string } from '../../../schema/schema.ts'
import { core } from '../../group-version.ts'
import { quantity, time } from '../../meta/v1/scalars.ts'

export class AttachedVolume extends core.type({
  devicePath: required(string()),
  name: required(string()),
}) {}

export class ConfigMapNodeConfigSource extends core.type({
  kubeletConfigKey: required(string()),
  name: required(string()),
  namespace: required(string()),
  resourceVersion: string(),
  uid: string(),
}) {}

export class ContainerImage extends core.type({
  names: atomicList(string()),
  sizeBytes: int64(),
}) {}

export class DaemonEndpoint extends core.type({
  Port: required(int32()),
}) {}

export class NodeAddress extends core.type({
  address: required(string()),
  type: required(string()),
}) {}

export class NodeCondition extends core.type({
  lastHeartbeatTime: time(),
  lastTransitionTime: time(),
  message: string(),
  reason: string(),
  status: required(string()),
  type: required(string()),
}) {}

export class NodeConfigSource extends core.type({
  configMap: ConfigMapNodeConfigSource,
}) {}

export class NodeConfigStatus extends core.type({
  active: NodeConfigSource,
  assigned: NodeConfigSource,
  error: string(),
  lastKnownGood: NodeConfigSource,
}) {}

export class NodeDaemonEndpoints extends core.type({
  kubeletEndpoint: DaemonEndpoint,
}) {}

export class NodeFeatures extends core.type({
  supplementalGroupsPolicy: bool(),
}) {}

export class NodeRuntimeHandlerFeatures extends core.type({
  recursiveReadOnlyMounts: bool(),
  userNamespaces: bool(),
}) {}

export class NodeRuntimeHandler extends core.type({
  features: NodeRuntimeHandlerFeatures,
  name: string(),
}) {}

export class NodeSwapStatus extends core.type({
  capacity: int64(),
}) {}

export class NodeSystemInfo extends core.type({
  architecture: required(string()),
  bootID: required(string()),
  containerRuntimeVersion: required(string()),
  kernelVersion: required(string()),
  kubeProxyVersion: required(string()),
  kubeletVersion: required(string()),
  machineID: required(string()),
  operatingSystem: required(string()),
  osImage: required(string()),
  swap: NodeSwapStatus,
  systemUUID: required(string()),
}) {}

export class NodeStatus extends core.type({
  addresses: listBy(NodeAddress, ['type']),
  allocatable: map(quantity()),
  capacity: map(quantity()),
  conditions: listBy(NodeCondition, ['type']),
  config: NodeConfigStatus,
  daemonEndpoints: NodeDaemonEndpoints,
  declaredFeatures: atomicList(string()),
  features: NodeFeatures,
  images: atomicList(ContainerImage),
  nodeInfo: NodeSystemInfo,
  phase: string(),
  runtimeHandlers: atomicList(NodeRuntimeHandler),
  volumesAttached: atomicList(AttachedVolume),
  volumesInUse: atomicList(string()),
}) {}
