import type { ResourceRequirements } from '../../api/core/v1/resource-requirements.ts'
import { type FieldError, fieldInvalid } from '../../machinery/field-error.ts'
import { qualifiedName } from '../../machinery/names.ts'
import { compareQuantities } from '../../machinery/quantity.ts'
import { type Errors, named, none } from './rules.ts'

type Amounts = Readonly<Record<string, string>> | undefined

const native = new Set(['cpu', 'memory', 'ephemeral-storage'])
/** Names without a domain belong to Kubernetes; `hugepages-` is a family of them. */
const isNative = (name: string) => native.has(name) || name.startsWith('hugepages-')
const negative = 'must be greater than or equal to 0'

/** Requests and limits of a container or a pod. */
export function validateResources(resources: ResourceRequirements | undefined, path: string): Errors {
  const { limits, requests } = resources ?? {}
  if (!limits && !requests) return none
  return [
    ...validateAmounts(limits, `${path}.limits`),
    ...validateAmounts(requests, `${path}.requests`),
    ...validateRequests(requests, limits, `${path}.requests`),
  ]
}

function validateAmounts(amounts: Amounts, path: string): Errors {
  const errors: FieldError[] = []
  for (const [name, amount] of Object.entries(amounts ?? {})) {
    const at = `${path}[${name}]`
    errors.push(...named(name, path, qualifiedName))
    if (!name.includes('/') && !isNative(name)) {
      errors.push(fieldInvalid(path, name, 'must be a standard resource type or fully qualified'))
      errors.push(fieldInvalid(path, name, 'must be a standard resource for containers'))
    }
    if (compareQuantities(amount, '0') < 0) errors.push(fieldInvalid(at, amount, negative))
    if (name.includes('/') && !/^-?\d+([kMGTPE]|[KMGTPE]i)?$/.test(amount)) {
      errors.push(fieldInvalid(at, amount, 'must be an integer'))
    }
  }
  return errors
}

function validateRequests(requests: Amounts, limits: Amounts, path: string): Errors {
  const errors: FieldError[] = []
  for (const [name, request] of Object.entries(requests ?? {})) {
    const limit = limits?.[name]
    const exact = name.includes('/') || name.startsWith('hugepages-')
    if (limit === undefined) {
      if (exact) errors.push(fieldInvalid(path, request, 'Limit must be set for non overcommitable resources'))
      continue
    }
    const compared = compareQuantities(request, limit)
    if (exact && compared !== 0) errors.push(fieldInvalid(path, request, `must be equal to ${name} limit of ${limit}`))
    else if (compared > 0) {
      errors.push(fieldInvalid(path, request, `must be less than or equal to ${name} limit of ${limit}`))
    }
  }
  return errors
}
