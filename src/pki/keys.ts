import { generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'

const generate = promisify(generateKeyPair)

/** As `encryptionAlgorithm` of kubeadm's ClusterConfiguration names them. */
export type KeyAlgorithm = 'ECDSA-P256' | 'ECDSA-P384' | 'RSA-2048' | 'RSA-3072' | 'RSA-4096'

const algorithms: Readonly<Record<KeyAlgorithm, () => Promise<{ privateKey: KeyObject; publicKey: KeyObject }>>> = {
  'ECDSA-P256': () => generate('ec', { namedCurve: 'P-256' }),
  'ECDSA-P384': () => generate('ec', { namedCurve: 'P-384' }),
  'RSA-2048': () => generate('rsa', { modulusLength: 2048 }),
  'RSA-3072': () => generate('rsa', { modulusLength: 3072 }),
  'RSA-4096': () => generate('rsa', { modulusLength: 4096 }),
}

/** Makes a key off the main thread. @default ECDSA-P256, which takes a fraction of a millisecond; RSA takes up to seconds. */
export function generateKey(
  algorithm: KeyAlgorithm = 'ECDSA-P256',
): Promise<{ privateKey: KeyObject; publicKey: KeyObject }> {
  return algorithms[algorithm]()
}

/** PEM as upstream writes it: `EC PRIVATE KEY` or `RSA PRIVATE KEY`. */
export function privateKeyPem(key: KeyObject): string {
  return key
    .export({
      type: key.asymmetricKeyType === 'rsa' ? 'pkcs1' : key.asymmetricKeyType === 'ec' ? 'sec1' : 'pkcs8',
      format: 'pem',
    })
    .toString()
}

/** PEM `PUBLIC KEY`. */
export function publicKeyPem(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' }).toString()
}

/** DER SubjectPublicKeyInfo. */
export function spki(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' })
}
