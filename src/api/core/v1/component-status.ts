import { listBy, required, string } from '../../../schema/schema.ts'
import { nameColumn, text } from '../../columns.ts'
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
  columns: [
    nameColumn,
    text('Status', ({ conditions }) => (conditions?.[0]?.status === 'True' ? 'Healthy' : 'Unhealthy')),
    text('Message', ({ conditions }) => conditions?.[0]?.message ?? ''),
    text('Error', ({ conditions }) => conditions?.[0]?.error ?? ''),
  ],
})
