import { createPublicKey, type KeyObject } from 'node:crypto'
import { type Der, der, fromPem, inside, integer, oid, pem, readAll, readOid, sequence, tagged, tags } from './der.ts'
import { type Authority, extension, issue } from './issue.ts'
import { generateKey, type KeyAlgorithm, privateKeyPem, spki } from './keys.ts'
import {
  type AlternativeNames,
  alternativeNames,
  name,
  readName,
  readSubjectAltName,
  type Subject,
  subjectAltName,
} from './names.ts'
import { isSignedBy, signed } from './signature.ts'
import { extendedKeyUsage, keyUsage, readExtendedUsage, readKeyUsage, type Usage } from './usages.ts'

/** What a PKCS#10 request asks for. */
export interface Csr {
  readonly subject: Required<Subject>
  readonly names: AlternativeNames
  /** Usages in its extension request; most requests have none, since the object around them says it. */
  readonly usages: readonly string[]
  readonly publicKey: KeyObject
}

const extensionRequest = '1.2.840.113549.1.9.14'
const extensionIds = { keyUsage: '2.5.29.15', subjectAltName: '2.5.29.17', extendedKeyUsage: '2.5.29.37' } as const

/** Makes a request and, unless one is given, its key. */
export async function createCsr(options: {
  readonly subject: Subject
  /** DNS names and IP addresses. */
  readonly names?: readonly string[]
  readonly usages?: readonly Usage[]
  readonly key?: { readonly privateKey: KeyObject; readonly publicKey: KeyObject }
  readonly algorithm?: KeyAlgorithm
}): Promise<{ readonly csr: string; readonly key: string }> {
  const { privateKey, publicKey } = options.key ?? (await generateKey(options.algorithm))
  const wanted = [
    extension(extensionIds.keyUsage, true, keyUsage(options.usages ?? [])),
    extension(extensionIds.extendedKeyUsage, false, extendedKeyUsage(options.usages ?? [])),
    extension(extensionIds.subjectAltName, false, subjectAltName(alternativeNames(options.names ?? []))),
  ].flatMap(part => part ?? [])
  const attributes = wanted.length > 0 ? [sequence(oid(extensionRequest), der(tags.set, sequence(...wanted)))] : []
  const content = sequence(
    integer(Buffer.from([0])),
    name(options.subject),
    spki(publicKey),
    tagged(0, 'explicit', ...attributes),
  )
  return { csr: pem('CERTIFICATE REQUEST', signed(content, privateKey)), key: privateKeyPem(privateKey) }
}

/** Reads a request (PEM) and checks that its sender holds the key. Throws with the reason when it is no proper request. */
export function parseCsr(csr: string): Csr {
  const bytes = fromPem('CERTIFICATE REQUEST', csr) ?? fromPem('NEW CERTIFICATE REQUEST', csr)
  if (!bytes) throw new Error('PEM block type must be CERTIFICATE REQUEST')
  try {
    const [content, algorithm, signature] = inside(readAll(bytes)[0])
    const [, subject, key, attributes] = inside(content)
    const publicKey = createPublicKey({ key: key!.raw, format: 'der', type: 'spki' })
    if (!isSignedBy(content!, algorithm!, signature!, publicKey)) throw new Error('its signature is not by its own key')
    return { subject: readName(subject), publicKey, ...readExtensions(attributes) }
  } catch (error) {
    throw new Error(`the certificate request cannot be read: ${(error as Error).message}`, { cause: error })
  }
}

/** Issues what a request asks for, with the usages and for the time that the signer decides (PEM). */
export function signCsr(
  csr: Csr,
  by: Authority,
  options: { readonly usages: readonly Usage[]; readonly notBefore: number; readonly notAfter: number },
): string {
  return issue({ subject: csr.subject, publicKey: csr.publicKey, names: csr.names, ...options }, by)
}

function readExtensions(attributes: Der | undefined): Pick<Csr, 'names' | 'usages'> {
  const found = new Map<string, Buffer>()
  for (const attribute of attributes ? inside(attributes, 0xa0) : []) {
    const [type, values] = inside(attribute)
    if (readOid(type) !== extensionRequest) continue
    for (const part of inside(inside(values, tags.set)[0])) {
      const fields = inside(part)
      found.set(readOid(fields[0]), fields.at(-1)!.content)
    }
  }
  const names = found.get(extensionIds.subjectAltName)
  const usage = found.get(extensionIds.keyUsage)
  const extended = found.get(extensionIds.extendedKeyUsage)
  return {
    names: names ? readSubjectAltName(names) : alternativeNames([]),
    usages: [
      ...(usage ? readKeyUsage(readAll(usage)[0]!.content.subarray(1)) : []),
      ...(extended ? readExtendedUsage(inside(readAll(extended)[0]).map(readOid)) : []),
    ],
  }
}
