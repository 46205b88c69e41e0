import { always, atomicList, bool, dflt, int32, listBy, map, required, string } from '../../../schema/schema.ts'
import { core } from '../../group-version.ts'
import { Condition } from '../../meta/v1/condition.ts'
import { intOrString } from '../../meta/v1/scalars.ts'
import { fillServiceSpec } from './defaults.ts'
import { serviceColumns } from './service.columns.ts'

export class ClientIPConfig extends core.type({
  timeoutSeconds: int32(),
}) {}

export class PortStatus extends core.type({
  error: string(),
  port: required(int32()),
  protocol: required(string()),
}) {}

export class LoadBalancerIngress extends core.type({
  hostname: string(),
  ip: string(),
  ipMode: string(),
  ports: atomicList(PortStatus),
}) {}

export class LoadBalancerStatus extends core.type({
  ingress: atomicList(LoadBalancerIngress),
}) {}

export class ServicePort extends core.type({
  appProtocol: string(),
  name: string(),
  nodePort: int32(),
  port: required(int32()),
  protocol: dflt(string(), 'TCP'),
  targetPort: intOrString(),
}) {}

export class SessionAffinityConfig extends core.type({
  clientIP: ClientIPConfig,
}) {}

export class ServiceSpec extends core.type(
  {
    allocateLoadBalancerNodePorts: bool(),
    clusterIP: string(),
    clusterIPs: atomicList(string()),
    externalIPs: atomicList(string()),
    externalName: string(),
    externalTrafficPolicy: string(),
    healthCheckNodePort: int32(),
    internalTrafficPolicy: string(),
    ipFamilies: atomicList(string()),
    ipFamilyPolicy: string(),
    loadBalancerClass: string(),
    loadBalancerIP: string(),
    loadBalancerSourceRanges: atomicList(string()),
    ports: listBy(ServicePort, ['port', 'protocol']),
    publishNotReadyAddresses: bool(),
    selector: map(string(), { mapType: 'atomic' }),
    sessionAffinity: dflt(string(), 'None'),
    sessionAffinityConfig: SessionAffinityConfig,
    trafficDistribution: string(),
    type: dflt(string(), 'ClusterIP'),
  },
  { fill: fillServiceSpec },
) {}

export class ServiceStatus extends core.type({
  conditions: listBy(Condition, ['type']),
  loadBalancer: LoadBalancerStatus,
}) {}

export class Service extends core.object({
  spec: always(ServiceSpec),
  status: always(ServiceStatus),
}) {}

export const services = core.resource(Service, {
  plural: 'services',
  short: ['svc'],
  categories: ['all'],
  namespaced: true,
  status: true,
  subresources: ['proxy'],
  selectableFields: ['spec.clusterIP', 'spec.type'],
  registry: 'services/specs',
  columns: serviceColumns,
})
