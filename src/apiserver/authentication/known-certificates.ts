import type { X509Certificate } from 'node:crypto'
import type { Credentials } from '../authenticator.ts'
import { readBundle, type Verified, verifyClient } from './client-certificate.ts'

/** What came of looking at a connection's certificates. */
export type Outcome = { readonly verified: Verified } | { readonly why: string }

/**
 * Looks at the certificates of a connection once, and remembers. `chains` are the lists as the server hands them out: one
 * for all requests of a connection.
 */
export function knownCertificates(ca: string | (() => string), now: () => number) {
  let pem = ''
  let authorities: readonly X509Certificate[] = []
  let known = new WeakMap<Credentials['certificates'], Outcome>()
  return (chain: Credentials['certificates']): Outcome => {
    const current = typeof ca === 'function' ? ca() : ca
    if (current !== pem) {
      authorities = readBundle(current)
      pem = current
      known = new WeakMap()
    }
    let outcome = known.get(chain)
    if (!outcome) known.set(chain, (outcome = look(chain, authorities)))
    if ('why' in outcome) return outcome
    const { notAfter, notBefore } = outcome.verified
    const at = now()
    if (at > notAfter || at < notBefore) return { why: 'x509: certificate has expired or is not yet valid' }
    return outcome
  }
}

function look(chain: Credentials['certificates'], authorities: readonly X509Certificate[]): Outcome {
  try {
    return { verified: verifyClient(chain, authorities) }
  } catch (error) {
    return { why: (error as Error).message }
  }
}
