/** Rules that several fields of a configuration share. */
import { isIP } from 'node:net'
import { parseDuration } from '../../base/duration.ts'
import { FieldError, fieldInvalid, fieldRequired } from '../../machinery/field-error.ts'
import { dnsSubdomain } from '../../machinery/names.ts'
import type { Argument } from './types.ts'

/** A wrong value that is not shown: it may be a secret with a slip in it. */
export const secretInvalid = (field: string, detail: string) => new FieldError('FieldValueInvalid', field, detail)

export function absolutePath(path: string, field: string): FieldError[] {
  return path.startsWith('/') ? [] : [fieldInvalid(field, path, 'must be an absolute path')]
}

export function subdomain(name: string, field: string): FieldError[] {
  return dnsSubdomain(name).map(text => fieldInvalid(field, name, text))
}

export function ipAddress(address: string, field: string): FieldError[] {
  if (address === '') return [fieldRequired(field, 'this machine has no address of its own; give one')]
  return isIP(address) ? [] : [fieldInvalid(field, address, 'must be an IP address')]
}

export function bindPort(port: number, field: string): FieldError[] {
  return Number.isInteger(port) && port > 0 && port < 65_536
    ? []
    : [fieldInvalid(field, port, 'must be between 1 and 65535')]
}

/** What a certificate may have as alternative name. */
export function alternativeName(name: string, field: string): FieldError[] {
  if (isIP(name) || dnsSubdomain(name.replace(/^\*\./, '')).length === 0) return []
  return [fieldInvalid(field, name, 'must be an IP address, a DNS name, or one beginning with *.')]
}

/** Splits `host`, `host:port`, `[v6]:port` and `v6`. Undefined when it is none. */
export function splitEndpoint(text: string): { readonly host: string; readonly port: number | undefined } | undefined {
  if (isIP(text) === 6) return { host: text, port: undefined }
  const [, v6, name, port] = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(text) ?? []
  const host = v6 ?? name
  if (!host || (v6 !== undefined && isIP(v6) !== 6)) return undefined
  return { host, port: port === undefined ? undefined : Number(port) }
}

/** An address that the API is reached at. */
export function endpoint(
  text: string,
  field: string,
  options: { readonly optional?: boolean; readonly port: 'optional' | 'required' },
): FieldError[] {
  if (text === '') return options.optional ? [] : [fieldRequired(field, 'host:port of an API server')]
  const wanted = options.port === 'required' ? 'host:port' : 'host or host:port'
  const parts = splitEndpoint(text)
  if (!parts || (options.port === 'required' && parts.port === undefined))
    return [fieldInvalid(field, text, `must be ${wanted}`)]
  const known = isIP(parts.host) !== 0 || dnsSubdomain(parts.host.toLowerCase()).length === 0
  if (!known || /^[\d.]+$/.test(parts.host) !== (isIP(parts.host) === 4))
    return [fieldInvalid(field, text, `${JSON.stringify(parts.host)} is neither an IP address nor a DNS name`)]
  return parts.port === undefined ? [] : bindPort(parts.port, field)
}

export function unixSocket(socket: string, field: string): FieldError[] {
  return /^unix:\/\/\/./.test(socket)
    ? []
    : [fieldInvalid(field, socket, 'must be a socket such as unix:///run/a.sock')]
}

/** The key itself is never shown. */
export function certificateKey(key: string | undefined, field: string): FieldError[] {
  return !key || /^[0-9a-f]{64}$/i.test(key)
    ? []
    : [secretInvalid(field, 'must be 64 hexadecimal digits; kobune certs certificate-key makes one')]
}

export function arguments_(all: readonly Argument[] | undefined, field: string): FieldError[] {
  return (all ?? []).flatMap(({ name }, i) => (name ? [] : [fieldRequired(`${field}[${i}].name`)]))
}

/** Holds fields that are durations, or all of them, to be none below zero. */
export function durations<T extends object>(
  value: T,
  field: string,
  names = Object.keys(value) as (keyof T & string)[],
  { positive = false } = {},
): FieldError[] {
  return names.flatMap(name => {
    const text = value[name]
    if (text === undefined) return []
    const path = field ? `${field}.${name}` : name
    const length = typeof text === 'string' ? parseDuration(text) : undefined
    if (length === undefined) return [fieldInvalid(path, text, 'must be a duration such as 4m0s')]
    return length < 0 || (positive && length === 0) ? [fieldInvalid(path, text, 'must be more than nothing')] : []
  })
}
