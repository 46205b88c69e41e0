/** Certificates are renewed as they are: the same subject and names, the same authority, a new key and a new time. */
import { X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import { certificates } from '../../pki/certificates.ts'
import { disk } from '../../pki/disk.ts'
import { loadAuthority } from '../../pki/ensure-pki.ts'
import type { PkiFiles } from '../../pki/files.ts'
import { type Authority, issue } from '../../pki/issue.ts'
import { generateKey, type KeyAlgorithm, privateKeyPem } from '../../pki/keys.ts'
import { algorithmOfKey, readCertificate } from '../../pki/read-certificate.ts'
import type { Usage } from '../../pki/usages.ts'
import {
  type CertificateFolders,
  certificateFile,
  type RenewableCertificate,
  renewableCertificate,
  renewableCertificates,
} from './certificate-table.ts'
import { certificateIn } from './expiration.ts'
import { withCertificate } from './kubeconfig-file.ts'
import { writeKubeconfig } from './write-kubeconfig.ts'
import { writePair } from './write-pair.ts'

export interface RenewOptions extends CertificateFolders {
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly files?: PkiFiles
  /** Milliseconds. @default 8760 h */
  readonly validity?: number
  /** @default the algorithm of the key that is replaced */
  readonly algorithm?: KeyAlgorithm
}

/** `missing`: there is no certificate to renew. `external`: the key of its authority is kept elsewhere. */
export type Renewal = 'renewed' | 'missing' | 'external'

const clientUsages: readonly Usage[] = ['digital signature', 'key encipherment', 'client auth']
const backdate = 5 * 60_000

/**
 * Renews one certificate of the table, whether it is about to expire or not. It never outlives its authority. Throws when
 * there is no such name, or a file cannot be read.
 */
export async function renewCertificate(name: string, options: RenewOptions): Promise<Renewal> {
  const { files = disk, now, validity = 8760 * 3_600_000 } = options
  const entry = renewableCertificate(name)
  if (!entry) {
    const names = renewableCertificates.map(known => known.name).join(', ')
    throw new Error(`there is no certificate ${JSON.stringify(name)} to renew; choose from ${names}`)
  }
  const file = certificateFile(entry, options)
  const held = await certificateIn(entry, file, files)
  if (held === undefined) return 'missing'
  const by = await authorityOf(entry, options.dir, files)
  if (!by) return 'external'
  const { subject, names, publicKey: oldKey } = readCertificate(held, file)
  const { privateKey, publicKey } = await generateKey(options.algorithm ?? algorithmOfKey(oldKey))
  const last = Date.parse(new X509Certificate(by.certificate).validTo)
  if (last <= now) throw new Error(`${join(options.dir, entry.authority)}.crt has expired: it cannot sign any more`)
  const certificate = issue(
    {
      subject,
      names,
      publicKey,
      usages: usagesOf(entry),
      notBefore: now - backdate,
      notAfter: Math.min(now + validity, last),
    },
    by,
  )
  await replace(entry, file, { certificate, key: privateKeyPem(privateKey) }, files)
  return 'renewed'
}

function usagesOf({ certificate }: RenewableCertificate): readonly Usage[] {
  return certificates.find(({ name }) => name === certificate)?.usages ?? clientUsages
}

/** Undefined when its key is not here. */
async function authorityOf(
  { authority }: RenewableCertificate,
  dir: string,
  files: PkiFiles,
): Promise<Authority | undefined> {
  if ((await files.read(join(dir, `${authority}.key`))) === undefined) return undefined
  const found = await loadAuthority(dir, authority, files)
  if (new X509Certificate(found.certificate).checkPrivateKey(found.key)) return found
  throw new Error(`${join(dir, authority)}.crt is not the certificate of the key beside it`)
}

function replace(
  { kubeconfig }: RenewableCertificate,
  file: string,
  pair: { readonly certificate: string; readonly key: string },
  files: PkiFiles,
): Promise<void> {
  if (!kubeconfig) return writePair(files, file.replace(/\.crt$/, ''), pair)
  return files.read(file).then(text => writeKubeconfig(files, file, withCertificate(text!, file, pair)))
}
