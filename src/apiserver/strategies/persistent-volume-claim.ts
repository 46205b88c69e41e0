import type { PersistentVolumeClaim } from '../../api/core/v1/persistent-volume-claim.ts'
import { type FieldError, fieldForbidden, fieldInvalid, fieldRequired } from '../../machinery/field-error.ts'
import { validateLabelSelector } from '../../machinery/label-selector.ts'
import { compareQuantities } from '../../machinery/quantity.ts'
import { deepEqual } from '../cache/json.ts'
import type { Strategy } from '../registry/strategy.ts'
import { type Errors, each, none, oneOf } from '../validation/rules.ts'

type Spec = PersistentVolumeClaim['spec']

/** How much and how to mount it; then only more. */
export const persistentVolumeClaimStrategy: Strategy<PersistentVolumeClaim> = {
  generation: false,
  validate: ({ spec }) => validateSpec(spec),
  validateUpdate: ({ spec }, old) => validateUpdate(spec, old),
}

const modes = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod']

/** How many may mount a volume at once. */
export function validateAccessModes(given: readonly string[] | undefined, path: string): Errors {
  if (!given?.length) return [fieldRequired(path, 'at least 1 access mode is required')]
  const errors: FieldError[] = [...each(given, path, (mode, at) => oneOf(mode, at, modes))]
  if (given.includes('ReadWriteOncePod') && given.length > 1) {
    errors.push(fieldForbidden(path, 'may not use ReadWriteOncePod with other access modes'))
  }
  return errors
}

function validateSpec({ accessModes, resources, selector, volumeMode }: Spec): Errors {
  const storage = resources?.requests?.storage
  const at = 'spec.resources[storage]'
  return [
    ...(selector ? validateLabelSelector(selector, 'spec.selector') : none),
    ...validateAccessModes(accessModes, 'spec.accessModes'),
    ...(storage === undefined ? [fieldRequired(at)] : none),
    ...(storage !== undefined && compareQuantities(storage, '0') <= 0
      ? [fieldInvalid(at, storage, 'must be greater than zero')]
      : none),
    ...oneOf(volumeMode, 'spec.volumeMode', ['Block', 'Filesystem']),
  ]
}

const immutableSpec =
  'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims'

function validateUpdate(spec: Spec, { spec: old, status }: PersistentVolumeClaim): Errors {
  const changeable: Partial<Spec> = {
    resources: undefined,
    volumeAttributesClassName: undefined,
    // Both are set once, by the binder and by admission.
    ...(!old.volumeName && { volumeName: undefined }),
    ...(old.storageClassName === undefined && { storageClassName: undefined }),
  }
  const errors: FieldError[] = []
  if (!deepEqual({ ...spec, ...changeable }, { ...old, ...changeable })) {
    errors.push(fieldForbidden('spec', immutableSpec))
  }
  const [wanted, before] = [spec.resources?.requests?.storage, old.resources?.requests?.storage]
  if (wanted === undefined || before === undefined || compareQuantities(wanted, before) >= 0) return errors
  const capacity = status.capacity?.storage
  if (capacity === undefined || compareQuantities(wanted, capacity) <= 0) {
    errors.push(fieldForbidden('spec.resources.requests.storage', 'field can not be less than status.capacity'))
  }
  return errors
}
