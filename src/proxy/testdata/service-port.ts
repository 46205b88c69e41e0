import type { ServicePort } from '../service-ports.ts'

/** Backends of a test, by the last number of their addresses. */
export const backends = (...hosts: number[]) => hosts.map(host => ({ ip: `10.244.0.${host}`, port: 8080 }))

/** A port of a Service with two backends; what a test is about goes over it. */
export const servicePort = (more: Partial<ServicePort> = {}): ServicePort => ({
  id: 'default/web:http',
  protocol: 'tcp',
  port: 80,
  clusterIps: ['10.96.0.50'],
  externalIps: [],
  loadBalancerIps: [],
  nodePort: 30080,
  affinity: undefined,
  backends: backends(2, 3),
  externalBackends: backends(2, 3),
  externalLocal: false,
  anywhere: true,
  sourceRanges: [],
  ...more,
})
