import { X509Certificate } from 'node:crypto'
import { type Der, inside, readAll } from '../../pki/der.ts'
import { readName } from '../../pki/names.ts'

/** A chain that leads to a trusted authority. */
export interface Verified {
  readonly commonName: string
  readonly organizations: readonly string[]
  /** Milliseconds since the epoch: when the first certificate of the chain ends. */
  readonly notAfter: number
  readonly notBefore: number
}

const clientAuth = '1.3.6.1.5.5.7.3.2'
const anyUsage = '2.5.29.37.0'
const longestChain = 8

/** Reads all certificates of a PEM bundle. */
export function readBundle(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  return blocks.map(block => new X509Certificate(block))
}

/**
 * Verifies certificates (DER, leaf first) as a client's against authorities. Throws an Error that says what is wrong.
 * Whether now is within the times is for the caller to look at each time.
 */
export function verifyClient(chain: readonly Uint8Array[], authorities: readonly X509Certificate[]): Verified {
  const [leaf, ...others] = chain.map(der => new X509Certificate(der))
  if (!leaf) throw new Error('no certificate was given')
  const usages = leaf.keyUsage as readonly string[] | undefined
  if (usages?.length && !usages.includes(clientAuth) && !usages.includes(anyUsage))
    throw new Error('x509: certificate specifies an incompatible key usage')
  const path = pathTo(leaf, others, authorities, 0)
  if (!path) throw new Error('x509: certificate signed by unknown authority')
  const subject = readName(subjectOf(leaf.raw))
  return {
    commonName: subject.commonName,
    organizations: subject.organizations,
    notBefore: Math.max(...path.map(one => one.validFromDate.getTime())),
    notAfter: Math.min(...path.map(one => one.validToDate.getTime())),
  }
}

/** The certificate and those above it up to a trusted one. */
function pathTo(
  certificate: X509Certificate,
  others: readonly X509Certificate[],
  authorities: readonly X509Certificate[],
  depth: number,
): X509Certificate[] | undefined {
  if (authorities.some(one => one.raw.equals(certificate.raw))) return [certificate]
  for (const authority of authorities) if (isIssuedBy(certificate, authority)) return [certificate, authority]
  if (depth >= longestChain) return undefined
  for (const other of others) {
    if (other.raw.equals(certificate.raw) || !isIssuedBy(certificate, other)) continue
    const rest = pathTo(other, others, authorities, depth + 1)
    if (rest) return [certificate, ...rest]
  }
  return undefined
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)
}

/** The subject in a certificate's content, which comes after the version (if given), serial, algorithm, issuer and times. */
function subjectOf(raw: Buffer): Der | undefined {
  const fields = inside(inside(readAll(raw)[0])[0])
  return fields[fields[0]?.tag === 0xa0 ? 5 : 4]
}
