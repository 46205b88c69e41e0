import { always, atomicList, dflt, listBy, map, required, string } from '../../../schema/schema.ts'
import { accessModesText, ageColumn, nameColumn, text, wide } from '../../columns.ts'
import { core } from '../../group-version.ts'
import { LabelSelector } from '../../meta/v1/label-selector.ts'
import { quantity, time } from '../../meta/v1/scalars.ts'

export class ModifyVolumeStatus extends core.type({
  status: required(string()),
  targetVolumeAttributesClassName: string(),
}) {}

export class TypedLocalObjectReference extends core.type(
  {
    apiGroup: string(),
    kind: required(string()),
    name: required(string()),
  },
  { mapType: 'atomic' },
) {}

export class TypedObjectReference extends core.type({
  apiGroup: string(),
  kind: required(string()),
  name: required(string()),
  namespace: string(),
}) {}

export class VolumeResourceRequirements extends core.type({
  limits: map(quantity()),
  requests: map(quantity()),
}) {}

export class PersistentVolumeClaimSpec extends core.type({
  accessModes: atomicList(string()),
  dataSource: TypedLocalObjectReference,
  dataSourceRef: TypedObjectReference,
  resources: VolumeResourceRequirements,
  selector: LabelSelector,
  storageClassName: string(),
  volumeAttributesClassName: string(),
  volumeMode: dflt(string(), 'Filesystem'),
  volumeName: string(),
}) {}

export class PersistentVolumeClaimCondition extends core.type({
  lastProbeTime: time(),
  lastTransitionTime: time(),
  message: string(),
  reason: string(),
  status: required(string()),
  type: required(string()),
}) {}

export class PersistentVolumeClaimStatus extends core.type({
  accessModes: atomicList(string()),
  allocatedResourceStatuses: map(string(), { mapType: 'granular' }),
  allocatedResources: map(quantity()),
  capacity: map(quantity()),
  conditions: listBy(PersistentVolumeClaimCondition, ['type']),
  currentVolumeAttributesClassName: string(),
  modifyVolumeStatus: ModifyVolumeStatus,
  phase: dflt(string(), 'Pending'),
}) {}

export class PersistentVolumeClaim extends core.object({
  spec: always(PersistentVolumeClaimSpec),
  status: always(PersistentVolumeClaimStatus),
}) {}

export const persistentVolumeClaims = core.resource(PersistentVolumeClaim, {
  plural: 'persistentvolumeclaims',
  short: ['pvc'],
  namespaced: true,
  status: true,
  columns: [
    nameColumn,
    text('Status', ({ metadata, status }) => (metadata.deletionTimestamp ? 'Terminating' : status.phase)),
    text('Volume', ({ spec }) => spec.volumeName ?? ''),
    text('Capacity', ({ spec, status }) => (spec.volumeName ? (status.capacity?.storage ?? '0') : '')),
    text('Access Modes', ({ spec, status }) => (spec.volumeName ? accessModesText(status.accessModes) : '')),
    text('StorageClass', ({ spec }) => spec.storageClassName ?? ''),
    text('VolumeAttributesClass', ({ spec }) => spec.volumeAttributesClassName ?? '<unset>'),
    ageColumn,
    wide('VolumeMode', ({ spec }) => spec.volumeMode),
  ],
})
