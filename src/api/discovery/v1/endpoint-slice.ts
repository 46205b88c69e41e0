import { atomicList, bool, dflt, int32, map, required, setOf, string } from '../../../schema/schema.ts'
import { ObjectReference } from '../../core/v1/object-reference.ts'
import { discovery } from '../../group-version.ts'
import { fillEndpointPort } from './defaults.ts'
import { endpointSliceColumns } from './endpoint-slice.columns.ts'

export class EndpointConditions extends discovery.type({
  ready: bool(),
  serving: bool(),
  terminating: bool(),
}) {}

export class ForNode extends discovery.type({
  name: required(string()),
}) {}

export class ForZone extends discovery.type({
  name: required(string()),
}) {}

export class EndpointHints extends discovery.type({
  forNodes: atomicList(ForNode),
  forZones: atomicList(ForZone),
}) {}

export class Endpoint extends discovery.type({
  addresses: required(setOf(string())),
  conditions: EndpointConditions,
  deprecatedTopology: map(string()),
  hints: EndpointHints,
  hostname: string(),
  nodeName: string(),
  targetRef: ObjectReference,
  zone: string(),
}) {}

export class EndpointPort extends discovery.type(
  {
    appProtocol: string(),
    name: string(),
    port: int32(),
    protocol: dflt(string(), 'TCP'),
  },
  { mapType: 'atomic', fill: fillEndpointPort },
) {}

export class EndpointSlice extends discovery.object({
  addressType: required(string()),
  endpoints: atomicList(Endpoint),
  ports: atomicList(EndpointPort),
}) {}

export const endpointSlices = discovery.resource(EndpointSlice, {
  plural: 'endpointslices',
  namespaced: true,
  columns: endpointSliceColumns,
})
