import type { Service } from '../../api/core/v1/service.ts'
import { type FieldError, fieldInvalid } from '../../machinery/field-error.ts'
import { invalid } from '../../machinery/status-error.ts'
import type { Draft } from '../registry/strategy.ts'

/** Throws Invalid about a field of a Service. */
export function refuse({ metadata }: Draft<Service>, error: FieldError): never {
  throw invalid({ group: '', resource: 'Service', name: metadata.name }, [error])
}

/** Throws Invalid about an address that was asked for. */
export function refuseAddress(service: Draft<Service>, asked: string, why: string): never {
  refuse(service, fieldInvalid('spec.clusterIPs', [asked], `failed to allocate IP ${asked}: ${why}`))
}
