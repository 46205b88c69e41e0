import { listBy, required, string } from '../../../schema/schema.ts'
import { core } from '../../group-version.ts'

export class ComponentCondition extends core.type({
  error: string(),
  message: string(),
  status: required(string()),
  type: required(string()),
}) {}

export class ComponentStatus extends core.object({
  conditions: listBy(ComponentCondition, ['type']),
}) {}

export const componentStatuses = core.resource(ComponentStatus, {
  plural: 'componentstatuses',
  short: ['cs'],
  namespaced: false,
  verbs: ['get', 'list', 'watch'],
})
