import { createHash, X509Certificate } from 'node:crypto'

/** The pin of a CA (PEM): `sha256:` and the lower-case hex SHA-256 of its DER SubjectPublicKeyInfo. */
export function caHash(certificate: string): string {
  const key = new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' })
  return `sha256:${createHash('sha256').update(key).digest('hex')}`
}

/** Whether a text has the form of a pin. */
export function isCaHash(pin: string): boolean {
  return /^sha256:[0-9a-f]{64}$/i.test(pin)
}

/** Whether some pin is this CA's. */
export function matchesCaHash(certificate: string, pins: readonly string[]): boolean {
  const hash = caHash(certificate)
  return pins.some(pin => pin.toLowerCase() === hash)
}
