/** Certificates and keys of files, as they are now: read again when they change. */
import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { type Reloading, reloading } from '../base/reloading.ts'

export interface CertificatePair {
  readonly cert: string
  readonly key: string
}

/** A certificate (its chain behind it) and its key; a new pair is taken when both files are there and belong together. */
export function livePair(certFile: string, keyFile: string): Promise<Reloading<CertificatePair>> {
  return reloading({
    name: certFile,
    load: async () => {
      const [cert, key] = await Promise.all([read(certFile), read(keyFile)])
      demandPair({ cert, key }, certFile, keyFile)
      return { value: { cert, key }, files: [certFile, keyFile] }
    },
  })
}

/** Throws when a certificate and a key are not each other's. */
export function demandPair({ cert, key }: CertificatePair, certFile: string, keyFile: string): void {
  const privateKey = named(keyFile, () => createPrivateKey(key))
  const belong = named(certFile, () => new X509Certificate(cert)).checkPrivateKey(privateKey)
  if (!belong) throw new Error(`${certFile} and ${keyFile} do not belong together`)
}

/** A bundle of authorities: one certificate at least, all of them good. */
export function liveBundle(file: string): Promise<Reloading<string>> {
  return reloading({
    name: file,
    load: async () => {
      const value = await read(file)
      const blocks = value.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g)
      if (!blocks) throw new Error(`${file} holds no certificate`)
      for (const block of blocks) named(file, () => new X509Certificate(block))
      return { value, files: [file] }
    },
  })
}

export interface TokenKeys {
  readonly key: KeyObject
  readonly trusted: readonly KeyObject[]
}

/** The key that signs tokens, and all that verify them; a file may hold several. */
export function liveTokenKeys(signingFile: string, files: readonly string[]): Promise<Reloading<TokenKeys>> {
  return reloading({
    name: signingFile,
    load: async () => {
      const text = await read(signingFile)
      const key = named(signingFile, () => createPrivateKey(text))
      const texts = await Promise.all(files.map(async file => ({ file, text: await read(file) })))
      const trusted = texts.flatMap(({ file, text }) => {
        const blocks = text.match(/-----BEGIN [^-]+-----[^-]+-----END [^-]+-----/g)
        if (!blocks) throw new Error(`${file} holds no key`)
        return blocks.map(block => named(file, () => createPublicKey(block)))
      })
      return { value: { key, trusted }, files: [signingFile, ...files] }
    },
  })
}

const read = (file: string) => readFile(file, 'utf8')

/** Runs `make`; its error says which file is meant, and nothing of what is in it. */
function named<T>(file: string, make: () => T): T {
  try {
    return make()
  } catch (error) {
    throw new Error(`${file} cannot be read as PEM: ${(error as Error).message}`)
  }
}
