import type { Column } from '../../../schema/resource.ts'
import { ageColumn, labelsText, nameColumn, text, wide } from '../../columns.ts'
import type { Service } from './service.ts'

function externalText({ spec, status }: Service): string | undefined {
  const given = spec.externalIPs ?? []
  if (spec.type === 'ExternalName') return spec.externalName
  if (spec.type !== 'LoadBalancer') return given.join(',') || undefined
  const balancer = (status.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip || hostname || '')
  return [...balancer.filter(address => address !== ''), ...given].join(',') || '<pending>'
}

function portsText({ spec }: Service): string | undefined {
  const ports = (spec.ports ?? []).map(({ port, nodePort, protocol }) =>
    nodePort ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`,
  )
  return ports.join(',') || undefined
}

/** The table of services. */
export const serviceColumns: readonly Column<Service>[] = [
  nameColumn,
  text('Type', service => service.spec.type),
  text('Cluster-IP', service => service.spec.clusterIP || undefined),
  text('External-IP', externalText),
  text('Port(s)', portsText),
  ageColumn,
  wide('Selector', service => labelsText(service.spec.selector)),
]
