import { type FieldError, fieldInvalid, fieldRequired } from '../../machinery/field-error.ts'
import { absolutePath, alternativeName, arguments_ } from './rules.ts'
import type { ClusterConfiguration, ExternalEtcd, LocalEtcd } from './types.ts'

/** Exactly one kind of etcd, with all it needs. */
export function validateEtcd({ local, external }: ClusterConfiguration['etcd']): FieldError[] {
  if (local && external) return [fieldInvalid('etcd', '', 'local and external exclude each other')]
  if (!local && !external) return [fieldRequired('etcd', 'either local or external')]
  return local ? localErrors(local) : externalErrors(external!)
}

function localErrors(local: LocalEtcd): FieldError[] {
  const names = (field: 'serverCertSANs' | 'peerCertSANs') =>
    (local[field] ?? []).flatMap((name, i) => alternativeName(name, `etcd.local.${field}[${i}]`))
  return [
    ...absolutePath(local.dataDir, 'etcd.local.dataDir'),
    ...names('serverCertSANs'),
    ...names('peerCertSANs'),
    ...arguments_(local.extraArgs, 'etcd.local.extraArgs'),
  ]
}

function externalErrors({ endpoints, caFile, certFile, keyFile }: ExternalEtcd): FieldError[] {
  const under = 'etcd.external'
  const files = { caFile, certFile, keyFile }
  const secure = Object.values(files).some(Boolean)
  const errors = Object.entries(files).flatMap(([name, path]) => (path ? absolutePath(path, `${under}.${name}`) : []))
  if (Boolean(certFile) !== Boolean(keyFile))
    errors.push(fieldInvalid(under, '', 'certFile and keyFile are given together or not at all'))
  if ((certFile || keyFile) && !caFile) errors.push(fieldRequired(`${under}.caFile`, 'certFile and keyFile need it'))
  if (endpoints.length === 0) errors.push(fieldRequired(`${under}.endpoints`, 'at least one, https://host:2379'))
  for (const [i, endpoint] of endpoints.entries()) {
    const path = `${under}.endpoints[${i}]`
    const scheme = /^(https?):\/\/[^/\s]+\/?$/.exec(endpoint)?.[1]
    if (!scheme || !URL.canParse(endpoint)) errors.push(fieldInvalid(path, endpoint, 'must be https://host:port'))
    else if (scheme === 'http' && secure)
      errors.push(fieldInvalid(path, endpoint, 'must be https where files of certificates are given'))
  }
  return errors
}
