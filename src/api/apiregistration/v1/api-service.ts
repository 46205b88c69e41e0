import { always, bool, bytes, dflt, int32, listBy, noted, required, string } from '../../../schema/schema.ts'
import { ageColumn, nameColumn, text } from '../../columns.ts'
import { apiregistration } from '../../group-version.ts'
import { time } from '../../meta/v1/scalars.ts'

export class ServiceReference extends apiregistration.type({
  name: string(),
  namespace: string(),
  port: dflt(int32(), 443),
}) {}

export class APIServiceSpec extends apiregistration.type({
  caBundle: noted(bytes(), { list: 'atomic' }),
  group: string(),
  groupPriorityMinimum: required(int32()),
  insecureSkipTLSVerify: bool(),
  service: ServiceReference,
  version: string(),
  versionPriority: required(int32()),
}) {}

export class APIServiceCondition extends apiregistration.type({
  lastTransitionTime: time(),
  message: string(),
  reason: string(),
  status: required(string()),
  type: required(string()),
}) {}

export class APIServiceStatus extends apiregistration.type({
  conditions: listBy(APIServiceCondition, ['type']),
}) {}

export class APIService extends apiregistration.object({
  spec: always(APIServiceSpec),
  status: always(APIServiceStatus),
}) {}

export const apiServices = apiregistration.resource(APIService, {
  plural: 'apiservices',
  categories: ['api-extensions'],
  namespaced: false,
  status: true,
  columns: [
    nameColumn,
    text('Service', ({ spec: { service } }) => (service ? `${service.namespace}/${service.name}` : 'Local')),
    text('Available', ({ status }) => {
      const available = status.conditions?.find(condition => condition.type === 'Available')
      if (!available) return 'Unknown'
      return available.status === 'True' ? 'True' : `${available.status} (${available.reason ?? ''})`
    }),
    ageColumn,
  ],
})
