import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import { inside, readAll, readOid } from './der.ts'
import type { KeyAlgorithm } from './keys.ts'
import { type AlternativeNames, alternativeNames, readName, readSubjectAltName, type Subject } from './names.ts'

/** What a certificate says of whom it is for. */
export interface CertificateFacts {
  readonly subject: Required<Subject>
  readonly names: AlternativeNames
  readonly publicKey: KeyObject
  /** Milliseconds since the epoch. */
  readonly notBefore: number
  readonly notAfter: number
}

/** Reads a certificate (PEM), the first of several. `where` names it in errors. */
export function readCertificate(pem: string, where: string): CertificateFacts {
  try {
    const certificate = new X509Certificate(pem)
    const fields = inside(inside(readAll(certificate.raw)[0])[0])
    const subject = readName(fields[fields[0]?.tag === 0xa0 ? 5 : 4])
    return {
      subject,
      names: namesOf(fields.find(field => field.tag === 0xa3)),
      publicKey: createPublicKey(certificate.publicKey.export({ type: 'spki', format: 'pem' })),
      notBefore: Date.parse(certificate.validFrom),
      notAfter: Date.parse(certificate.validTo),
    }
  } catch (cause) {
    throw new Error(`${where} holds no certificate that can be read: ${(cause as Error).message}`, { cause })
  }
}

const subjectAltName = '2.5.29.17'

function namesOf(extensions: ReturnType<typeof readAll>[number] | undefined): AlternativeNames {
  const parts = extensions ? inside(inside(extensions, 0xa3)[0]).map(part => inside(part)) : []
  const found = parts.find(([id]) => readOid(id) === subjectAltName)
  return found ? readSubjectAltName(found.at(-1)!.content) : alternativeNames([])
}

const curves: Readonly<Record<string, KeyAlgorithm>> = { prime256v1: 'ECDSA-P256', secp384r1: 'ECDSA-P384' }
const sizes: Readonly<Record<number, KeyAlgorithm>> = { 2048: 'RSA-2048', 3072: 'RSA-3072', 4096: 'RSA-4096' }

/** The algorithm of a key; undefined for those that are never made here. */
export function algorithmOfKey({ asymmetricKeyDetails: details = {} }: KeyObject): KeyAlgorithm | undefined {
  return curves[details.namedCurve ?? ''] ?? sizes[details.modulusLength ?? 0]
}
