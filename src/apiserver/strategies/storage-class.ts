import type { StorageClass } from '../../api/storage/v1/storage-class.ts'
import { type FieldError, fieldForbidden } from '../../machinery/field-error.ts'
import { deepEqual } from '../cache/json.ts'
import type { Strategy } from '../registry/strategy.ts'
import { immutable, oneOf } from '../validation/rules.ts'

/** A provisioner and its parameters, which stay. */
export const storageClassStrategy: Strategy<StorageClass> = {
  validate: ({ reclaimPolicy, volumeBindingMode }) => [
    ...oneOf(reclaimPolicy, 'reclaimPolicy', ['Delete', 'Retain']),
    ...oneOf(volumeBindingMode, 'volumeBindingMode', ['Immediate', 'WaitForFirstConsumer']),
  ],
  validateUpdate(object, old) {
    const errors: FieldError[] = []
    if (!deepEqual(object.parameters ?? {}, old.parameters ?? {})) {
      errors.push(fieldForbidden('parameters', 'updates to parameters are forbidden.'))
    }
    if (object.provisioner !== old.provisioner) {
      errors.push(fieldForbidden('provisioner', 'updates to provisioner are forbidden.'))
    }
    if (object.reclaimPolicy !== old.reclaimPolicy) {
      errors.push(fieldForbidden('reclaimPolicy', 'updates to reclaimPolicy are forbidden.'))
    }
    return [...errors, ...immutable(object.volumeBindingMode, old.volumeBindingMode, 'volumeBindingMode')]
  },
}
