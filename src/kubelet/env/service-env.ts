/** Variables that tell a container of the Services around it, in the form docker links had. */
import type { Service } from '../../api/core/v1/service.ts'

const variable = (name: string) => name.toUpperCase().replaceAll('-', '_')
const hostPort = (ip: string, port: number) => (ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`)

/** `links`: the Services of the pod's own namespace are told of too; else only the API server is. */
export function serviceEnv(
  services: Iterable<Service>,
  options: { readonly namespace: string; readonly links: boolean },
): Readonly<Record<string, string>> {
  const env: Record<string, string> = {}
  const chosen = new Map<string, Service>()
  for (const service of services) {
    const { name, namespace } = service.metadata
    const ip = service.spec.clusterIP
    if (!ip || ip === 'None') continue
    const isMaster = namespace === 'default' && name === 'kubernetes'
    if (options.links && namespace === options.namespace) chosen.set(name, service)
    else if (isMaster && !chosen.has(name)) chosen.set(name, service)
  }
  for (const service of chosen.values()) Object.assign(env, variablesOf(service))
  return env
}

function variablesOf(service: Service): Readonly<Record<string, string>> {
  const prefix = variable(service.metadata.name)
  const ip = service.spec.clusterIP!
  const [first] = service.spec.ports ?? []
  if (!first) return {}
  const env: Record<string, string> = {
    [`${prefix}_SERVICE_HOST`]: ip,
    [`${prefix}_SERVICE_PORT`]: String(first.port),
  }
  for (const { name, port } of service.spec.ports ?? []) {
    if (name) env[`${prefix}_SERVICE_PORT_${variable(name)}`] = String(port)
  }
  env[`${prefix}_PORT`] = `${first.protocol.toLowerCase()}://${hostPort(ip, first.port)}`
  for (const { port, protocol } of service.spec.ports ?? []) {
    const base = `${prefix}_PORT_${port}_${protocol.toUpperCase()}`
    env[base] = `${protocol.toLowerCase()}://${hostPort(ip, port)}`
    env[`${base}_PROTO`] = protocol.toLowerCase()
    env[`${base}_PORT`] = String(port)
    env[`${base}_ADDR`] = ip
  }
  return env
}
