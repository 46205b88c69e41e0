import { type KeyObject, sign, verify } from 'node:crypto'
import { bits, type Der, der, inside, oid, readOid, sequence, tags } from './der.ts'

interface Algorithm {
  readonly id: string
  readonly hash: string | null
  readonly nullParameters: boolean
}

const rsa: Algorithm = { id: '1.2.840.113549.1.1.11', hash: 'sha256', nullParameters: true }
const ecdsa: Readonly<Record<string, Algorithm>> = {
  prime256v1: { id: '1.2.840.10045.4.3.2', hash: 'sha256', nullParameters: false },
  secp384r1: { id: '1.2.840.10045.4.3.3', hash: 'sha384', nullParameters: false },
  secp521r1: { id: '1.2.840.10045.4.3.4', hash: 'sha512', nullParameters: false },
}
const ed25519: Algorithm = { id: '1.3.101.112', hash: null, nullParameters: false }
const known: readonly Algorithm[] = [
  rsa,
  ...Object.values(ecdsa),
  ed25519,
  { ...rsa, id: '1.2.840.113549.1.1.12', hash: 'sha384' },
  { ...rsa, id: '1.2.840.113549.1.1.13', hash: 'sha512' },
]

/** The AlgorithmIdentifier of what `signed()` makes with this key. */
export function algorithmOf(key: KeyObject): Buffer {
  const { id, nullParameters } = choose(key)
  return sequence(oid(id), ...(nullParameters ? [der(tags.null)] : []))
}

/** The usual frame of certificates and requests: what is signed, how, and the signature. */
export function signed(content: Buffer, key: KeyObject): Buffer {
  return sequence(content, algorithmOf(key), bits(sign(choose(key).hash, content, key)))
}

/** Whether the signature of such a frame is by this key. */
export function isSignedBy(content: Der, algorithm: Der, signature: Der, key: KeyObject): boolean {
  const id = readOid(inside(algorithm)[0])
  const { hash } = known.find(a => a.id === id) ?? unsupported(`signature algorithm ${id}`)
  return verify(hash, content.raw, key, signature.content.subarray(1))
}

function choose(key: KeyObject): Algorithm {
  if (key.asymmetricKeyType === 'rsa') return rsa
  if (key.asymmetricKeyType === 'ed25519') return ed25519
  const curve = key.asymmetricKeyDetails?.namedCurve
  return ecdsa[curve ?? ''] ?? unsupported(`key type ${key.asymmetricKeyType} ${curve ?? ''}`)
}

function unsupported(what: string): never {
  throw new Error(`cannot use ${what}; RSA, ECDSA (P-256, P-384, P-521) and Ed25519 are supported`)
}
