import type { Credentials } from '../authenticator.ts'
import type { User } from '../user.ts'
import type { Outcome } from './known-certificates.ts'

const extraPrefix = 'x-remote-extra-'

/** Repeated headers come joined. */
export const listOf = (header: string | undefined) =>
  (header ?? '')
    .split(',')
    .map(one => one.trim())
    .filter(Boolean)

/** Whom a trusted proxy in front says that a request is from; undefined when it says nobody or is not trusted. */
export function frontProxy(look: (chain: Credentials['certificates']) => Outcome, allowedNames: readonly string[]) {
  return ({ headers, certificates }: Credentials): User | undefined => {
    const name = headers['x-remote-user']
    if (!name || certificates.length === 0) return undefined
    const outcome = look(certificates)
    if ('why' in outcome) return undefined
    if (allowedNames.length > 0 && !allowedNames.includes(outcome.verified.commonName)) return undefined
    const groups = listOf(headers['x-remote-group'])
    const uid = headers['x-remote-uid']
    const extra = extraOf(headers, extraPrefix)
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
  headers: Credentials['headers'],
  prefix: string,
): Readonly<Record<string, readonly string[]>> | undefined {
  const found: [string, string[]][] = []
  for (const [header, value] of Object.entries(headers)) {
    if (header.startsWith(prefix)) found.push([decoded(header.slice(prefix.length)), listOf(value)])
  }
  return found.length > 0 ? Object.fromEntries(found) : undefined
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
