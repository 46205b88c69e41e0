import type { PersistentVolume } from '../../api/core/v1/persistent-volume.ts'
import type { PersistentVolumeSpec } from '../../api/core/v1/persistent-volume-spec.ts'
import { type FieldError, fieldForbidden, fieldNotSupported, fieldRequired } from '../../machinery/field-error.ts'
import { deepEqual } from '../cache/json.ts'
import type { Strategy } from '../registry/strategy.ts'
import { type Errors, immutable, none, oneOf } from '../validation/rules.ts'
import { validateAccessModes } from './persistent-volume-claim.ts'

/** One source, which stays. */
export const persistentVolumeStrategy: Strategy<PersistentVolume> = {
  generation: false,
  validate: ({ spec }) => validateSpec(spec),
  validateUpdate: ({ spec }, old) => [
    ...(deepEqual(sourceOf(spec), sourceOf(old.spec))
      ? none
      : [fieldForbidden('spec.persistentvolumesource', 'spec.persistentvolumesource is immutable after creation')]),
    ...immutable(spec.volumeMode, old.spec.volumeMode, 'spec.volumeMode'),
  ],
}

/** The fields that do not say where the volume is. */
const common = new Set([
  'accessModes',
  'capacity',
  'claimRef',
  'mountOptions',
  'nodeAffinity',
  'persistentVolumeReclaimPolicy',
  'storageClassName',
  'volumeAttributesClassName',
  'volumeMode',
])
const sourceOf = (spec: PersistentVolumeSpec) =>
  Object.fromEntries(Object.entries(spec).filter(([key]) => !common.has(key)))

function validateSpec(spec: PersistentVolumeSpec): Errors {
  const errors: FieldError[] = [...validateAccessModes(spec.accessModes, 'spec.accessModes')]
  if (!spec.capacity || Object.keys(spec.capacity).length === 0) errors.push(fieldRequired('spec.capacity'))
  else if (!('storage' in spec.capacity)) {
    errors.push(fieldNotSupported('spec.capacity', Object.keys(spec.capacity), ['storage']))
  }
  const [first, ...extra] = Object.keys(sourceOf(spec))
  if (!first) errors.push(fieldRequired('spec', 'must specify a volume type'))
  for (const kind of extra) errors.push(fieldForbidden(`spec.${kind}`, 'may not specify more than 1 volume type'))
  if (first === 'local' && !spec.nodeAffinity) {
    errors.push(fieldRequired('spec.nodeAffinity', 'Local volume requires node affinity'))
  }
  return [
    ...errors,
    ...oneOf(spec.persistentVolumeReclaimPolicy, 'spec.persistentVolumeReclaimPolicy', ['Delete', 'Recycle', 'Retain']),
    ...oneOf(spec.volumeMode, 'spec.volumeMode', ['Block', 'Filesystem']),
  ]
}
