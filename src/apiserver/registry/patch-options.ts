import { fieldForbidden, fieldRequired } from '../../machinery/field-error.ts'
import { invalid } from '../../machinery/status-error.ts'
import type { ApiRequest } from './api-request.ts'

/** Refuses options that do not go with the kind of patch. */
export function demandPatchOptions({ patchType, param }: Pick<ApiRequest, 'patchType' | 'param'>): void {
  const errors = []
  if (patchType === 'apply') {
    if (!param('fieldManager')) errors.push(fieldRequired('fieldManager', 'is required for apply patch'))
  } else if (param('force') !== undefined) {
    errors.push(fieldForbidden('force', 'may not be specified for non-apply patch'))
  }
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', resource: 'PatchOptions', name: '' }, errors)
}
