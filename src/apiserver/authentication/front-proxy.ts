import { type Credentials, headerValues } from '../authenticator.ts'
import type { User } from '../user.ts'
import type { Outcome } from './known-certificates.ts'

const extraPrefix = 'x-remote-extra-'

/** Whom a trusted proxy in front says that a request is from; undefined when it says nobody or is not trusted. */
export function frontProxy(look: (chain: Credentials['certificates']) => Outcome, allowedNames: readonly string[]) {
  return (credentials: Credentials): User | undefined => {
    const { headers, certificates } = credentials
    const name = headers['x-remote-user']
    if (!name || certificates.length === 0) return undefined
    const outcome = look(certificates)
    if ('why' in outcome) return undefined
    if (allowedNames.length > 0 && !allowedNames.includes(outcome.verified.commonName)) return undefined
    const groups = headerValues(credentials, 'x-remote-group')
    const uid = headers['x-remote-uid']
    const extra = extraOf(credentials, extraPrefix)
    return {
      name,
      groups: groups.includes('system:authenticated') ? groups : [...groups, 'system:authenticated'],
      ...(uid && { uid }),
      ...(extra && { extra }),
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
