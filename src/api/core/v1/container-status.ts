import { atomicList, bool, int32, int64, listBy, map, required, string } from '../../../schema/schema.ts'
import { core } from '../../group-version.ts'
import { quantity, time } from '../../meta/v1/scalars.ts'
import { ResourceRequirements } from './resource-requirements.ts'

export class ContainerStateRunning extends core.type({
  startedAt: time(),
}) {}

export class ContainerStateTerminated extends core.type({
  containerID: string(),
  exitCode: required(int32()),
  finishedAt: time(),
  message: string(),
  reason: string(),
  signal: int32(),
  startedAt: time(),
}) {}

export class ContainerStateWaiting extends core.type({
  message: string(),
  reason: string(),
}) {}

export class ContainerState extends core.type({
  running: ContainerStateRunning,
  terminated: ContainerStateTerminated,
  waiting: ContainerStateWaiting,
}) {}

export class LinuxContainerUser extends core.type({
  gid: required(int64()),
  supplementalGroups: atomicList(int64()),
  uid: required(int64()),
}) {}

export class ContainerUser extends core.type({
  linux: LinuxContainerUser,
}) {}

export class ResourceHealth extends core.type({
  health: string(),
  message: string(),
  resourceID: required(string()),
}) {}

export class ResourceStatus extends core.type({
  name: required(string()),
  resources: listBy(ResourceHealth, ['resourceID'], {}),
}) {}

export class ImageVolumeStatus extends core.type({
  imageRef: required(string()),
}) {}

export class VolumeStatus extends core.type({
  image: ImageVolumeStatus,
}) {}

export class VolumeMountStatus extends core.type({
  mountPath: required(string()),
  name: required(string()),
  readOnly: bool(),
  recursiveReadOnly: string(),
  volumeStatus: VolumeStatus,
}) {}

export class ContainerStatus extends core.type({
  allocatedResources: map(quantity()),
  allocatedResourcesStatus: listBy(ResourceStatus, ['name']),
  containerID: string(),
  image: required(string()),
  imageID: required(string()),
  lastState: ContainerState,
  name: required(string()),
  ready: required(bool()),
  resources: ResourceRequirements,
  restartCount: required(int32()),
  started: bool(),
  state: ContainerState,
  stopSignal: string(),
  user: ContainerUser,
  volumeMounts: listBy(VolumeMountStatus, ['mountPath']),
}) {}
