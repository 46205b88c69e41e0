import { type Credentials, headerValues } from '../authenticator.ts'
import type { User } from '../user.ts'
import type { Outcome } from './known-certificates.ts'

/** The headers that a proxy in front says a user by; the first of each that is there counts. Lower-case names. */
export interface ProxyHeaders {
  readonly user: readonly string[]
  readonly group: readonly string[]
  readonly extraPrefixes: readonly string[]
}
/** kubeadm's. */
export const usualProxyHeaders: ProxyHeaders = {
  user: ['x-remote-user'],
  group: ['x-remote-group'],
  extraPrefixes: ['x-remote-extra-'],
}

/** Whom a trusted proxy in front says that a request is from; undefined when it says nobody or is not trusted. */
export function frontProxy(
  look: (chain: Credentials['certificates']) => Outcome,
  allowedNames: readonly string[],
  { user, group, extraPrefixes }: ProxyHeaders,
) {
  return (credentials: Credentials): User | undefined => {
    const { headers, certificates } = credentials
    const name = user.map(header => headers[header]).find(Boolean)
    if (!name || certificates.length === 0) return undefined
    const outcome = look(certificates)
    if ('why' in outcome) return undefined
    if (allowedNames.length > 0 && !allowedNames.includes(outcome.verified.commonName)) return undefined
    const groups = group.map(header => headerValues(credentials, header)).find(values => values.length > 0) ?? []
    const uid = headers['x-remote-uid']
    const extra = Object.assign({}, ...extraPrefixes.map(prefix => extraOf(credentials, prefix)))
    return {
      name,
      groups: groups.includes('system:authenticated') ? groups : [...groups, 'system:authenticated'],
      ...(uid && { uid }),
      ...(Object.keys(extra).length > 0 && { extra }),
    }
  }
}

/** Extra fields in headers of a prefix; their names are percent-encoded. */
export function extraOf(
  credentials: Credentials,
  prefix: string,
): Readonly<Record<string, readonly string[]>> | undefined {
  const names = Object.keys(credentials.headers).filter(name => name.startsWith(prefix))
  if (names.length === 0) return undefined
  return Object.fromEntries(names.map(name => [decoded(name.slice(prefix.length)), headerValues(credentials, name)]))
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
