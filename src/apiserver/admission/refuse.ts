import { forbidden, type StatusError } from '../../machinery/status-error.ts'
import type { Operation } from '../admission.ts'

/** The Forbidden that an admission plugin answers with. */
export function refuse({ resource, name, object }: Operation, why: string): StatusError {
  const called = name || object?.metadata.name || object?.metadata.generateName || ''
  return forbidden({ group: resource.group, resource: resource.plural, name: called }, why)
}
