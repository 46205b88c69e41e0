/** A new certificate and its new key take the place of others in one moment, and a crash in between is mended. */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { basename, dirname, join } from 'node:path'
import type { PkiFiles } from '../../pki/files.ts'

const newOf = (file: string) => join(dirname(file), `.${basename(file)}.new`)

/**
 * Writes `<path>.crt` and `<path>.key`. Both are on the disk before the first is put in its place: who reads them for
 * every connection, as etcd does, hardly ever finds one without the other.
 */
export async function writePair(
  files: PkiFiles,
  path: string,
  pair: { readonly certificate: string; readonly key: string },
): Promise<void> {
  const [crt, key] = [`${path}.crt`, `${path}.key`]
  await files.write(newOf(crt), pair.certificate, 0o644)
  await files.write(newOf(key), pair.key, 0o600)
  await files.rename(newOf(key), key)
  await files.rename(newOf(crt), crt)
}

/** Ends, or takes back, what a crash cut off. */
export async function mendPair(files: PkiFiles, path: string): Promise<void> {
  const [crt, key] = [`${path}.crt`, `${path}.key`]
  const [newCrt, heldKey] = [await files.read(newOf(crt)), await files.read(key)]
  if (newCrt === undefined) return
  if (heldKey !== undefined && belong(newCrt, heldKey)) await files.rename(newOf(crt), crt)
  else await files.remove(newOf(crt))
  await files.remove(newOf(key))
}

function belong(certificate: string, key: string): boolean {
  try {
    return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key))
  } catch {
    return false
  }
}
