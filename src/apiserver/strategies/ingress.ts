import { isIP } from 'node:net'
import type { HTTPIngressPath, Ingress, IngressBackend } from '../../api/networking/v1/ingress.ts'
import { type FieldError, fieldInvalid, fieldRequired } from '../../machinery/field-error.ts'
import { dns1035Label, dnsSubdomain, portName, portNumber } from '../../machinery/names.ts'
import type { Strategy } from '../registry/strategy.ts'
import { type Errors, each, filled, named, none, oneOf } from '../validation/rules.ts'

/** Rules or a default backend, with hosts and paths that can be matched. */
export const ingressStrategy: Strategy<Ingress> = {
  validate({ spec }) {
    const { defaultBackend, rules, tls } = spec
    const nothing = 'either `defaultBackend` or `rules` must be specified'
    return [
      ...(!defaultBackend && !rules?.length ? [fieldInvalid('spec', rules ?? [], nothing)] : none),
      ...(defaultBackend ? validateBackend(defaultBackend, 'spec.defaultBackend') : none),
      ...each(rules, 'spec.rules', ({ host, http }, at) => [
        ...validateHost(host, `${at}.host`),
        ...filled(http?.paths, `${at}.http.paths`),
        ...each(http?.paths, `${at}.http.paths`, validatePath),
      ]),
      ...each(tls, 'spec.tls', ({ hosts }, at) => each(hosts, `${at}.hosts`, validateHost)),
    ]
  },
}

function validateHost(host: string | undefined, path: string): Errors {
  if (!host) return none
  if (isIP(host)) return [fieldInvalid(path, host, 'must be a DNS name, not an IP address')]
  return named(host.replace(/^\*\./, ''), path, dnsSubdomain)
}

const pathTypes = ['Exact', 'ImplementationSpecific', 'Prefix']
const forbiddenParts = ['//', '/./', '/../', '%2f', '%2F']

function validatePath({ path: url = '', pathType, backend }: HTTPIngressPath, path: string): Errors {
  const errors: FieldError[] = [...oneOf(pathType || undefined, `${path}.pathType`, pathTypes)]
  if (pathType === 'Exact' || pathType === 'Prefix') {
    if (!url.startsWith('/')) errors.push(fieldInvalid(`${path}.path`, url, 'must be an absolute path'))
    for (const part of forbiddenParts) {
      if (url.includes(part)) errors.push(fieldInvalid(`${path}.path`, url, `must not contain '${part}'`))
    }
  }
  return backend ? [...errors, ...validateBackend(backend, `${path}.backend`)] : errors
}

function validateBackend({ service, resource }: IngressBackend, path: string): Errors {
  if (service && resource) return [fieldInvalid(path, '', 'cannot set both resource and service backends')]
  if (!service) return resource ? none : [fieldRequired(path, 'resource or service backend is required')]
  const { name, number } = service.port ?? {}
  const errors: FieldError[] = [...named(service.name || undefined, `${path}.service.name`, dns1035Label)]
  if (name && number) errors.push(fieldInvalid(path, '', 'cannot set both port name & port number'))
  else if (name) errors.push(...named(name, `${path}.service.port.name`, portName))
  else if (number)
    errors.push(...portNumber(number).map(why => fieldInvalid(`${path}.service.port.number`, number, why)))
  else errors.push(fieldRequired(path, 'port name or number is required'))
  return errors
}
