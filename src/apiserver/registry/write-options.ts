import {
  type FieldError,
  fieldForbidden,
  fieldNotSupported,
  fieldRequired,
  fieldTooLong,
} from '../../machinery/field-error.ts'
import { invalid, type StatusError } from '../../machinery/status-error.ts'
import type { ApiRequest } from './api-request.ts'

const kinds: Readonly<Record<string, string>> = {
  create: 'CreateOptions',
  update: 'UpdateOptions',
  patch: 'PatchOptions',
}
const validations = ['Ignore', 'Strict', 'Warn']
const longestManager = 128

/** Refuses options of writes that make no sense. */
export function demandWriteOptions({ verb, patchType, param }: Pick<ApiRequest, 'verb' | 'patchType' | 'param'>): void {
  const kind = kinds[verb]
  if (kind === undefined) return
  const errors: FieldError[] = []
  const manager = param('fieldManager') ?? ''
  if (patchType === 'apply') {
    if (!manager) errors.push(fieldRequired('fieldManager', 'is required for apply patch'))
  } else if (param('force') !== undefined) {
    errors.push(fieldForbidden('force', 'may not be specified for non-apply patch'))
  }
  if (manager.length > longestManager) {
    errors.push(fieldTooLong('fieldManager', longestManager))
  }
  const dryRun = param('dryRun')
  if (dryRun && dryRun !== 'All') errors.push(fieldNotSupported('dryRun', dryRun, ['All']))
  const validation = param('fieldValidation')
  if (validation && !validations.includes(validation)) {
    errors.push(fieldNotSupported('fieldValidation', validation, validations))
  }
  if (errors.length > 0) throw optionsInvalid(kind, errors)
}

/** 422 about options rather than an object. */
export function optionsInvalid(kind: string, errors: readonly FieldError[]): StatusError {
  return invalid({ group: 'meta.k8s.io', resource: kind, name: '' }, errors)
}
