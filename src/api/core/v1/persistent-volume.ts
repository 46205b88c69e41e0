import { always, dflt, string } from '../../../schema/schema.ts'
import { accessModesText, ageColumn, nameColumn, text, wide } from '../../columns.ts'
import { core } from '../../group-version.ts'
import { time } from '../../meta/v1/scalars.ts'
import { PersistentVolumeSpec } from './persistent-volume-spec.ts'

export class PersistentVolumeStatus extends core.type({
  lastPhaseTransitionTime: time(),
  message: string(),
  phase: dflt(string(), 'Pending'),
  reason: string(),
}) {}

export class PersistentVolume extends core.object({
  spec: always(PersistentVolumeSpec),
  status: always(PersistentVolumeStatus),
}) {}

export const persistentVolumes = core.resource(PersistentVolume, {
  plural: 'persistentvolumes',
  short: ['pv'],
  namespaced: false,
  status: true,
  columns: [
    nameColumn,
    text('Capacity', ({ spec }) => spec.capacity?.storage ?? ''),
    text('Access Modes', ({ spec }) => accessModesText(spec.accessModes)),
    text('Reclaim Policy', ({ spec }) => spec.persistentVolumeReclaimPolicy),
    text('Status', ({ metadata, status }) => (metadata.deletionTimestamp ? 'Terminating' : status.phase)),
    text('Claim', ({ spec: { claimRef } }) => (claimRef ? `${claimRef.namespace}/${claimRef.name}` : '')),
    text('StorageClass', ({ spec }) => spec.storageClassName ?? ''),
    text('VolumeAttributesClass', ({ spec }) => spec.volumeAttributesClassName ?? '<unset>'),
    text('Reason', ({ status }) => status.reason ?? ''),
    ageColumn,
    wide('VolumeMode', ({ spec }) => spec.volumeMode),
  ],
})
