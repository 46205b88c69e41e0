import { always, dflt, string } from '../../../schema/schema.ts'
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
})
