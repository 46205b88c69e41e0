import { createHash, type KeyObject, randomBytes, X509Certificate } from 'node:crypto'
import { type Der, der, inside, integer, oid, pem, readAll, readOid, sequence, tagged, tags, time } from './der.ts'
import { spki } from './keys.ts'
import { type AlternativeNames, name, type Subject, subjectAltName } from './names.ts'
import { algorithmOf, signed } from './signature.ts'
import { extendedKeyUsage, keyUsage, type Usage } from './usages.ts'

const subjectKeyId = '2.5.29.14'

/** A certificate that signs others, with its key. */
export interface Authority {
  /** PEM. */
  readonly certificate: string
  readonly key: KeyObject
}

export interface CertificateRequest {
  readonly subject: Subject
  readonly publicKey: KeyObject
  readonly usages: readonly Usage[]
  readonly names?: AlternativeNames
  /** Whether it may sign others. */
  readonly authority?: boolean
  /** Milliseconds since the epoch. */
  readonly notBefore: number
  readonly notAfter: number
}

/** Makes a certificate (PEM), signed by an authority, or by its own key. */
export function issue(request: CertificateRequest, by: Authority | { readonly own: KeyObject }): string {
  const signer = 'own' in by ? by.own : by.key
  const issuer = 'own' in by ? name(request.subject) : subjectOf(by.certificate)
  const authorityKey = 'own' in by ? undefined : subjectKeyIdOf(by.certificate)
  const content = sequence(
    tagged(0, 'explicit', der(tags.integer, Buffer.from([2]))),
    integer(serial()),
    algorithmOf(signer),
    issuer,
    sequence(time(request.notBefore), time(request.notAfter)),
    name(request.subject),
    spki(request.publicKey),
    tagged(3, 'explicit', sequence(...extensions(request, authorityKey))),
  )
  return pem('CERTIFICATE', signed(content, signer))
}

function extensions(request: CertificateRequest, authorityKey: Buffer | undefined): Buffer[] {
  const authority = request.authority === true
  const own = authority ? der(tags.octets, keyIdOf(request.publicKey)) : undefined
  const byKey = authorityKey && sequence(tagged(0, 'plain', authorityKey))
  return [
    extension('2.5.29.15', true, keyUsage(request.usages)),
    extension('2.5.29.37', false, extendedKeyUsage(request.usages)),
    extension('2.5.29.19', true, authority ? sequence(der(tags.boolean, Buffer.from([0xff]))) : sequence()),
    extension(subjectKeyId, false, own),
    extension('2.5.29.35', false, byKey),
    extension('2.5.29.17', false, request.names && subjectAltName(request.names)),
  ].flatMap(part => part ?? [])
}

/** One extension; undefined without content. */
export function extension(id: string, critical: boolean, content: Buffer | undefined): Buffer | undefined {
  return (
    content &&
    sequence(oid(id), ...(critical ? [der(tags.boolean, Buffer.from([0xff]))] : []), der(tags.octets, content))
  )
}

/** Positive and of 64 random bits at least (RFC 5280 4.1.2.2). */
function serial(): Buffer {
  const bytes = randomBytes(16)
  bytes[0] = (bytes[0]! & 0x3f) | 0x40
  return bytes
}

/** The Name bytes of a certificate's subject: an issuer has to be repeated byte by byte. */
function subjectOf(certificate: string): Buffer {
  const fields = contentOf(certificate)
  return fields[fields[0]?.tag === 0xa0 ? 5 : 4]!.raw
}

/** An authority's own name for its key, which others have to repeat; undefined when it has none. */
function subjectKeyIdOf(certificate: string): Buffer | undefined {
  const all = contentOf(certificate).find(field => field.tag === 0xa3)
  const parts = all ? inside(inside(all, 0xa3)[0]).map(part => inside(part)) : []
  const found = parts.find(([id]) => readOid(id) === subjectKeyId)
  return found && readAll(found.at(-1)!.content)[0]?.content
}

function contentOf(certificate: string): Der[] {
  return inside(inside(readAll(new X509Certificate(certificate).raw)[0])[0])
}

/** RFC 7093 method 1: the first 160 bits of the key's SHA-256. */
function keyIdOf(key: KeyObject): Buffer {
  const [, publicBits] = inside(readAll(spki(key))[0])
  return createHash('sha256').update(publicBits!.content.subarray(1)).digest().subarray(0, 20)
}
