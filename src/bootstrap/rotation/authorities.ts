/** What can be rotated, and how bundles of old and new are made of it. */
import { createPublicKey, X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import { certificates } from '../../pki/certificates.ts'
import type { PkiFiles } from '../../pki/files.ts'
import { issue } from '../../pki/issue.ts'
import { generateKey, privateKeyPem, publicKeyPem } from '../../pki/keys.ts'
import { algorithmOfKey, readCertificate } from '../../pki/read-certificate.ts'
import type { RotationName } from './steps.ts'

const base = { ca: 'ca', 'etcd-ca': 'etcd/ca', 'front-proxy-ca': 'front-proxy-ca', sa: 'sa' } as const

/** Its file without `.crt`, `.pub` and `.key`, below the folder of certificates. */
export const baseOf = (name: RotationName) => base[name]
export const publicFile = (name: RotationName) => (name === 'sa' ? 'sa.pub' : `${base[name]}.crt`)
export const keyFile = (name: RotationName) => `${base[name]}.key`

/** PEM: a certificate, or the public key of `sa`. */
export interface Replacement {
  readonly former: string
  readonly next: string
}

const backdate = 300_000

/** Makes the one to come. Throws when the key of the one that is there is kept elsewhere. */
export async function makeNext(
  name: RotationName,
  of: { readonly dir: string; readonly files: PkiFiles; readonly now: number; readonly validity: number },
): Promise<Replacement & { readonly key: string }> {
  const { dir, files, now, validity } = of
  const file = join(dir, publicFile(name))
  const [text, heldKey] = await Promise.all([files.read(file), files.read(join(dir, keyFile(name)))])
  if (text === undefined) throw new Error(`${file} does not exist: is this a machine of the control plane?`)
  if (heldKey === undefined) {
    throw new Error(`${join(dir, keyFile(name))} does not exist: only who keeps the key of ${name} can replace it`)
  }
  const former = blocksOf(text)[0]
  if (former === undefined) throw new Error(`${file} holds nothing that can be read as PEM`)
  if (name === 'sa') {
    const { privateKey, publicKey } = await generateKey(algorithmOfKey(createPublicKey(former)))
    return { former, next: publicKeyPem(publicKey), key: privateKeyPem(privateKey) }
  }
  const facts = readCertificate(former, file)
  const { privateKey, publicKey } = await generateKey(algorithmOfKey(facts.publicKey))
  const { usages } = certificates.find(each => each.name === base[name])!
  const { subject, names } = facts
  const named = names.dns.length + names.ip.length > 0
  const next = issue(
    {
      subject,
      publicKey,
      usages,
      ...(named && { names }),
      authority: true,
      notBefore: now - backdate,
      notAfter: now + validity,
    },
    { own: privateKey },
  )
  return { former, next, key: privateKeyPem(privateKey) }
}

/** The parts of a bundle. */
export function blocksOf(text: string): readonly string[] {
  return text.match(/-----BEGIN [^-]+-----[^-]+-----END [^-]+-----/g) ?? []
}

/** What a block says, however it is broken into lines. */
const identity = (block: string) =>
  block.includes('CERTIFICATE')
    ? new X509Certificate(block).fingerprint256
    : createPublicKey(block).export({ type: 'spki', format: 'der' }).toString('hex')

const textOf = (blocks: readonly string[]) => blocks.map(block => `${block.trim()}\n`).join('')

/** A bundle that has `block` too: at its end, or as the first. */
export function withBlock(bundle: string, block: string, where: 'first' | 'last'): string {
  const others = blocksOf(bundle).filter(each => identity(each) !== identity(block))
  return textOf(where === 'first' ? [block, ...others] : [...others, block])
}

/** A bundle without `block`. Throws when that would leave nothing. */
export function withoutBlock(bundle: string, block: string): string {
  const left = blocksOf(bundle).filter(each => identity(each) !== identity(block))
  if (left.length === 0) throw new Error('nothing else is trusted')
  return textOf(left)
}

export function hasBlock(bundle: string, block: string): boolean {
  return blocksOf(bundle).some(each => identity(each) === identity(block))
}
