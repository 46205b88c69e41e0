/** A certificate with its key, and what can be seen of it. */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { addressBytes, addressText } from '../../pki/names.ts'

/** PEM texts. */
export interface CertificatePair {
  readonly cert: string
  readonly key: string
}

export interface PairFacts {
  /** Milliseconds since the epoch. */
  readonly notBefore: number
  readonly notAfter: number
  /** DNS names and addresses, sorted. */
  readonly names: readonly string[]
  readonly commonName: string
}

/** Undefined when it is no certificate, or its key is another's. */
export function pairFacts({ cert, key }: CertificatePair): PairFacts | undefined {
  try {
    const certificate = new X509Certificate(cert)
    if (!certificate.checkPrivateKey(createPrivateKey(key))) return undefined
    return {
      notBefore: Date.parse(certificate.validFrom),
      notAfter: Date.parse(certificate.validTo),
      names: sortedNames(
        (certificate.subjectAltName ?? '').split(', ').map(name => /^(?:DNS|IP Address):(.*)$/.exec(name)?.[1] ?? ''),
      ),
      commonName: /^CN=(.*)$/m.exec(certificate.subject)?.[1] ?? '',
    }
  } catch {
    return undefined
  }
}

/** Names to compare: each once, in order, addresses in their one short form. */
export function sortedNames(names: readonly string[]): readonly string[] {
  const short = names.map(name => (isIP(name) ? addressText(addressBytes(name)) : name))
  return [...new Set(short)].filter(name => name !== '').sort()
}

/** One file may hold both, as upstream's kubelet keeps them. */
export function splitPair(text: string): CertificatePair | undefined {
  const blocks = [...text.matchAll(/-----BEGIN ([A-Z ]+)-----[\s\S]+?-----END \1-----\n?/g)]
  const cert = blocks.filter(([, kind]) => kind === 'CERTIFICATE').map(([block]) => block)
  const key = blocks.find(([, kind]) => kind!.endsWith('PRIVATE KEY'))?.[0]
  return cert.length > 0 && key ? { cert: cert.join(''), key } : undefined
}
