import { atomicList, dflt, int32, required, string } from '../../../schema/schema.ts'
import { core } from '../../group-version.ts'
import { endpointsColumns } from './endpoints.columns.ts'
import { ObjectReference } from './object-reference.ts'

export class EndpointAddress extends core.type(
  {
    hostname: string(),
    ip: required(string()),
    nodeName: string(),
    targetRef: ObjectReference,
  },
  { mapType: 'atomic' },
) {}

export class EndpointPort extends core.type(
  {
    appProtocol: string(),
    name: string(),
    port: required(int32()),
    protocol: dflt(string(), 'TCP'),
  },
  { mapType: 'atomic' },
) {}

export class EndpointSubset extends core.type({
  addresses: atomicList(EndpointAddress),
  notReadyAddresses: atomicList(EndpointAddress),
  ports: atomicList(EndpointPort),
}) {}

export class Endpoints extends core.object({
  subsets: atomicList(EndpointSubset),
}) {}

export const endpoints = core.resource(Endpoints, {
  plural: 'endpoints',
  short: ['ep'],
  namespaced: true,
  registry: 'services/endpoints',
  columns: endpointsColumns,
})
