import { always, atomicList, int32, required, string } from '../../../schema/schema.ts'
import { ageColumn, firstFew, nameColumn, text } from '../../columns.ts'
import { TypedLocalObjectReference } from '../../core/v1/persistent-volume-claim.ts'
import { networking } from '../../group-version.ts'

export class ServiceBackendPort extends networking.type(
  {
    name: string(),
    number: int32(),
  },
  { mapType: 'atomic' },
) {}

export class IngressServiceBackend extends networking.type({
  name: required(string()),
  port: ServiceBackendPort,
}) {}

export class IngressBackend extends networking.type({
  resource: TypedLocalObjectReference,
  service: IngressServiceBackend,
}) {}

export class HTTPIngressPath extends networking.type({
  backend: required(IngressBackend),
  path: string(),
  pathType: required(string()),
}) {}

export class HTTPIngressRuleValue extends networking.type({
  paths: required(atomicList(HTTPIngressPath)),
}) {}

export class IngressRule extends networking.type({
  host: string(),
  http: HTTPIngressRuleValue,
}) {}

export class IngressTLS extends networking.type({
  hosts: atomicList(string()),
  secretName: string(),
}) {}

export class IngressSpec extends networking.type({
  defaultBackend: IngressBackend,
  ingressClassName: string(),
  rules: atomicList(IngressRule),
  tls: atomicList(IngressTLS),
}) {}

export class IngressPortStatus extends networking.type({
  error: string(),
  port: required(int32()),
  protocol: required(string()),
}) {}

export class IngressLoadBalancerIngress extends networking.type({
  hostname: string(),
  ip: string(),
  ports: atomicList(IngressPortStatus),
}) {}

export class IngressLoadBalancerStatus extends networking.type({
  ingress: atomicList(IngressLoadBalancerIngress),
}) {}

export class IngressStatus extends networking.type({
  loadBalancer: IngressLoadBalancerStatus,
}) {}

export class Ingress extends networking.object({
  spec: always(IngressSpec),
  status: always(IngressStatus),
}) {}

export const ingresses = networking.resource(Ingress, {
  plural: 'ingresses',
  short: ['ing'],
  namespaced: true,
  status: true,
  registry: 'ingress',
  columns: [
    nameColumn,
    text('Class', ({ spec }) => spec.ingressClassName),
    text('Hosts', ({ spec }) => {
      const hosts = (spec.rules ?? []).flatMap(({ host }) => host || [])
      return firstFew(hosts, 3) || '*'
    }),
    text('Address', ({ status }) =>
      (status.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip || hostname).join(','),
    ),
    text('Ports', ({ spec }) => (spec.tls?.length ? '80, 443' : '80')),
    ageColumn,
  ],
})
