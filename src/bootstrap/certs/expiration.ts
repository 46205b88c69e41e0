/** When certificates of a machine expire: what `certs check-expiration` shows. */
import { X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import { shortDuration } from '../../base/duration.ts'
import { tabTable } from '../../base/tab-table.ts'
import { disk } from '../../pki/disk.ts'
import type { PkiFiles } from '../../pki/files.ts'
import { readCertificate } from '../../pki/read-certificate.ts'
import {
  authorityNames,
  type CertificateFolders,
  certificateFile,
  type RenewableCertificate,
  renewableCertificates,
  shownAuthority,
} from './certificate-table.ts'
import { embeddedCertificate } from './kubeconfig-file.ts'

/** One row. Without `expires` there is no such file. */
export interface Expiration {
  readonly name: string
  /** Milliseconds since the epoch. */
  readonly expires?: number
  /** Of a certificate: who signed it, as tables call it. */
  readonly authority?: string
  /** Its authority's key is not on this machine. */
  readonly external: boolean
}

export interface Expirations {
  readonly certificates: readonly Expiration[]
  readonly authorities: readonly Expiration[]
  /** The kubelet's own, which it renews itself. @default none */
  readonly kubelet?: readonly KubeletExpiration[]
}

export interface KubeletExpiration {
  readonly name: 'kubelet-client' | 'kubelet-serving'
  readonly expires: number
  /** Common name of who signed it; of a self-signed one, its own. */
  readonly issuer: string
}

/**
 * Looks at every certificate of the table. `etcd`: whether there is an etcd of our own; default: whether the machine has
 * any certificate of one.
 */
export async function readExpirations(
  folders: CertificateFolders,
  { files = disk, etcd }: { readonly files?: PkiFiles; readonly etcd?: boolean } = {},
): Promise<Expirations> {
  const withEtcd = etcd ?? (await hasEtcd(folders, files))
  const authorities = Object.keys(authorityNames).filter(name => name !== 'etcd-ca' || withEtcd)
  const rows = renewableCertificates.filter(entry => withEtcd || !entry.ofEtcd)
  return {
    certificates: await Promise.all(rows.map(entry => expirationOf(entry, folders, files))),
    authorities: await Promise.all(authorities.map(name => authorityExpiration(name, folders, files))),
  }
}

/** Where a kubelet has its certificates, the better first. */
const ofKubelet = [
  { name: 'kubelet-client', files: ['kubelet-client-current.pem'] },
  { name: 'kubelet-serving', files: ['kubelet-server-current.pem', 'kubelet.crt'] },
] as const

/** The certificates in a kubelet's folder; without those that are not there. */
export async function readKubeletExpirations(folder: string, files: PkiFiles = disk): Promise<KubeletExpiration[]> {
  const found: KubeletExpiration[] = []
  for (const { name, files: names } of ofKubelet) {
    for (const file of names.map(each => join(folder, each))) {
      const text = await files.read(file)
      if (text === undefined) continue
      const { issuer } = new X509Certificate(text)
      found.push({
        name,
        expires: readCertificate(text, file).notAfter,
        issuer: /^CN=(.*)$/m.exec(issuer)?.[1] ?? issuer,
      })
      break
    }
  }
  return found
}

/** Whether a machine has certificates of a stacked etcd. */
export async function hasEtcd({ dir }: Pick<CertificateFolders, 'dir'>, files: PkiFiles = disk): Promise<boolean> {
  const found = await Promise.all(['etcd/ca.crt', 'etcd/server.crt'].map(name => files.read(join(dir, name))))
  return found.some(content => content !== undefined)
}

async function expirationOf(
  entry: RenewableCertificate,
  folders: CertificateFolders,
  files: PkiFiles,
): Promise<Expiration> {
  const file = certificateFile(entry, folders)
  const external = (await files.read(join(folders.dir, `${entry.authority}.key`))) === undefined
  const found = { name: entry.name, authority: shownAuthority(entry.authority), external }
  const pem = await certificateIn(entry, file, files)
  return pem === undefined ? found : { ...found, expires: readCertificate(pem, file).notAfter }
}

/** The certificate (PEM) of an entry; undefined when its file is not there. */
export async function certificateIn(
  { kubeconfig }: RenewableCertificate,
  file: string,
  files: PkiFiles,
): Promise<string | undefined> {
  const text = await files.read(file)
  if (text === undefined || !kubeconfig) return text
  const embedded = embeddedCertificate(text, file)
  if (embedded === undefined) throw new Error(`${file} embeds no client certificate: somebody else looks after it`)
  return embedded
}

async function authorityExpiration(name: string, { dir }: CertificateFolders, files: PkiFiles): Promise<Expiration> {
  const base = join(dir, authorityNames[name]!)
  const [pem, key] = await Promise.all([files.read(`${base}.crt`), files.read(`${base}.key`)])
  const expires = pem === undefined ? {} : { expires: readCertificate(pem, `${base}.crt`).notAfter }
  return { name, external: key === undefined, ...expires }
}

const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')

/** `Dec 30, 2027 23:36 UTC` */
function dateText(ms: number): string {
  const date = new Date(ms)
  const two = (value: number) => String(value).padStart(2, '0')
  const time = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}`
  return `${months[date.getUTCMonth()]} ${two(date.getUTCDate())}, ${date.getUTCFullYear()} ${time} UTC`
}

/** Both tables as kubeadm prints them, since scripts cut columns out of them, and one of the kubelet's certificates. */
export function expirationTables({ certificates, authorities, kubelet = [] }: Expirations, now: number): string {
  const times = ({ expires }: Expiration) => [dateText(expires!), shortDuration(expires! - now)]
  const external = (row: Expiration) => (row.external ? 'yes' : 'no').padEnd(8)
  const missing = (name: string, cells: number) => [`!MISSING! ${name}`, ...Array(cells).fill('')]
  const table = (rows: string[][]) => tabTable(rows, { least: 10, padding: 3 })
  const first = table([
    ['CERTIFICATE', 'EXPIRES', 'RESIDUAL TIME', 'CERTIFICATE AUTHORITY', 'EXTERNALLY MANAGED'],
    ...certificates.map(row =>
      row.expires === undefined ? missing(row.name, 4) : [row.name, ...times(row), row.authority!, external(row)],
    ),
  ])
  const second = table([
    ['CERTIFICATE AUTHORITY', 'EXPIRES', 'RESIDUAL TIME', 'EXTERNALLY MANAGED'],
    ...authorities.map(row =>
      row.expires === undefined ? missing(row.name, 3) : [row.name, ...times(row), external(row)],
    ),
  ])
  if (kubelet.length === 0) return `${first}\n\n${second}`
  const third = table([
    ['KUBELET CERTIFICATE', 'EXPIRES', 'RESIDUAL TIME', 'ISSUER'],
    ...kubelet.map(row => [row.name, dateText(row.expires), shortDuration(row.expires - now), row.issuer]),
  ])
  return `${first}\n\n${second}\n\n${third}`
}

/** The same as programs read it (`-o json`). */
export function expirationObject({ certificates, authorities, kubelet = [] }: Expirations, now: number): object {
  const times = (expires: number) => ({
    expirationDate: new Date(expires).toISOString().replace(/\.\d+Z$/, 'Z'),
    residualTime: Math.trunc((expires - now) / 1000),
  })
  const item = ({ name, expires, authority, external }: Expiration) => ({
    name,
    ...(expires === undefined ? { expirationDate: null, residualTime: 0 } : times(expires)),
    externallyManaged: external,
    ...(authority && { caName: authority }),
    ...(expires === undefined && { missing: true }),
  })
  return {
    kind: 'CertificateExpirationInfo',
    apiVersion: 'output.kubeadm.k8s.io/v1alpha3',
    certificates: certificates.map(item),
    certificateAuthorities: authorities.map(item),
    ...(kubelet.length > 0 && {
      kubeletCertificates: kubelet.map(({ name, expires, issuer }) => ({ name, ...times(expires), caName: issuer })),
    }),
  }
}
