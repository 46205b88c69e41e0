import { always, atomicList, dflt, listBy, required, string } from '../../../schema/schema.ts'
import { ageColumn, nameColumn, text } from '../../columns.ts'
import { core } from '../../group-version.ts'
import { time } from '../../meta/v1/scalars.ts'
import { fillNamespace } from './defaults.ts'

export class NamespaceSpec extends core.type({
  finalizers: atomicList(string()),
}) {}

export class NamespaceCondition extends core.type({
  lastTransitionTime: time(),
  message: string(),
  reason: string(),
  status: required(string()),
  type: required(string()),
}) {}

export class NamespaceStatus extends core.type({
  conditions: listBy(NamespaceCondition, ['type']),
  phase: dflt(string(), 'Active'),
}) {}

export class Namespace extends core.object(
  {
    spec: always(NamespaceSpec),
    status: always(NamespaceStatus),
  },
  { fill: fillNamespace },
) {}

export const namespaces = core.resource(Namespace, {
  plural: 'namespaces',
  short: ['ns'],
  namespaced: false,
  verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
  status: true,
  subresources: ['finalize'],
  selectableFields: ['status.phase'],
  columns: [nameColumn, text('Status', ({ status }) => status.phase), ageColumn],
})
