import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import {
  type CertificateName,
  type CertificateSpec,
  certificates,
  type PkiConfig,
  serviceAccountKey,
} from './certificates.ts'
import { disk } from './disk.ts'
import type { PkiFiles } from './files.ts'
import type { Authority } from './issue.ts'
import { addressBytes, addressText } from './names.ts'

export interface EnsureOptions {
  /** Names to look after; an authority that one of them needs must be there or be named too. @default all */
  readonly which?: readonly (CertificateName | 'sa')[]
  readonly files?: PkiFiles
  /** Milliseconds since the epoch. @default now */
  readonly now?: number
}

/** What was done about one certificate or key pair. */
export interface Ensured {
  readonly name: CertificateName | 'sa'
  readonly did: 'created' | 'kept'
}

/** A pair as it is on disk. `key` is absent when an external authority keeps it. */
interface Pair {
  readonly certificate: string
  readonly key: KeyObject | undefined
}

const hour = 3_600_000
/** Clocks of other machines may be behind. */
const backdate = 5 * 60_000

/**
 * Makes what is missing and keeps what is valid. Never replaces a file: it throws, with the file's name and what to do,
 * when one is expired, belongs to another authority, lacks a name it needs, or when half of a pair is missing.
 * An authority whose key is elsewhere is fine as long as all it signs is there.
 */
export async function ensurePki(dir: string, config: PkiConfig, options: EnsureOptions = {}): Promise<Ensured[]> {
  const { files = disk, now = Date.now() } = options
  const wanted = (name: CertificateName | 'sa') => !options.which || options.which.includes(name)
  const authorities = new Map<string, Pair>()
  const ensure = async (spec: CertificateSpec): Promise<Ensured> => {
    const authority =
      spec.by === undefined ? undefined : (authorities.get(spec.by) ?? (await load(files, dir, spec.by)))
    const path = join(dir, spec.name)
    if (authority) check(join(dir, spec.by!), authority, { now })
    const held = await load(files, dir, spec.name)
    if (held)
      check(path, held, { now, ...(authority && { authority }), ...(spec.by && { names: spec.names?.(config) ?? [] }) })
    const pair = held ?? (await create(files, path, spec, config, now, authority))
    if (!spec.by) authorities.set(spec.name, pair)
    return { name: spec.name, did: held ? 'kept' : 'created' }
  }
  const rows = certificates.filter(spec => wanted(spec.name))
  // Together: RSA keys are made in parallel by other threads.
  const roots = await Promise.all(rows.filter(spec => !spec.by).map(ensure))
  const leaves = await Promise.all(rows.filter(spec => spec.by).map(ensure))
  return [...roots, ...leaves, ...(wanted('sa') ? [await ensureServiceAccountKey(files, dir, config)] : [])]
}

/** An authority of the folder, ready to sign. Throws when its certificate or key is not there. */
export async function loadAuthority(dir: string, name: CertificateName, files: PkiFiles = disk): Promise<Authority> {
  const pair = await load(files, dir, name)
  if (!pair) throw new Error(`${join(dir, name)}.crt does not exist`)
  if (!pair.key) throw new Error(`${join(dir, name)}.key does not exist: only its keeper can issue certificates`)
  return { certificate: pair.certificate, key: pair.key }
}

async function load(files: PkiFiles, dir: string, name: CertificateName): Promise<Pair | undefined> {
  const path = join(dir, name)
  const [certificate, key] = await Promise.all([files.read(`${path}.crt`), files.read(`${path}.key`)])
  if (certificate === undefined && key === undefined) return undefined
  if (certificate === undefined)
    throw new Error(
      `${path}.key is there without its ${name}.crt: bring the certificate back, or remove the key to get a new pair`,
    )
  const external = certificates.some(spec => spec.name === name && !spec.by)
  if (key === undefined && !external)
    throw new Error(
      `${path}.crt is there without its ${name}.key: bring the key back, or remove the certificate to get a new pair`,
    )
  return { certificate, key: key === undefined ? undefined : readKey(`${path}.key`, key) }
}

function check(path: string, pair: Pair, wants: { now: number; authority?: Pair; names?: readonly string[] }): void {
  const file = `${path}.crt`
  const found = readCertificate(file, pair.certificate)
  const from = Date.parse(found.validFrom)
  const to = Date.parse(found.validTo)
  if (wants.now > to)
    throw new Error(
      `${file} expired on ${new Date(to).toISOString()}: renew it, or remove it and its key to get a new pair`,
    )
  if (wants.now < from)
    throw new Error(`${file} is valid only from ${new Date(from).toISOString()} on: check this machine's clock`)
  if (pair.key && !found.checkPrivateKey(pair.key)) throw new Error(`${file} is not the certificate of ${path}.key`)
  if (wants.authority) {
    const signer = new X509Certificate(wants.authority.certificate)
    if (!signer.ca)
      throw new Error(`the certificate beside ${file} that should sign it is no authority (${signer.subject})`)
    if (!found.checkIssued(signer) || !found.verify(signer.publicKey)) {
      throw new Error(
        `${file} is not signed by the authority beside it (${signer.subject}): remove it and its key to get a new pair`,
      )
    }
  }
  const missing = missingNames(found, wants.names ?? [])
  if (missing.length > 0)
    throw new Error(`${file} lacks the names ${missing.join(', ')}: remove it and its key to get a new pair`)
}

function missingNames(certificate: X509Certificate, names: readonly string[]): string[] {
  const held = new Set(
    (certificate.subjectAltName ?? '').split(', ').map(entry => normal(entry.replace(/^(DNS|IP Address):/, ''))),
  )
  return names.filter(name => !held.has(normal(name)))
}

function normal(name: string): string {
  return name.includes(':') ? addressText(addressBytes(name)) : name
}

async function create(
  files: PkiFiles,
  path: string,
  spec: CertificateSpec,
  config: PkiConfig,
  now: number,
  authority: Pair | undefined,
): Promise<Pair> {
  if (spec.by && !authority?.key) {
    const what = authority ? `the key of ${spec.by} is kept elsewhere` : `there is no ${spec.by}.crt`
    throw new Error(`${path}.crt is missing and cannot be issued: ${what}`)
  }
  const [{ issue }, { generateKey, privateKeyPem }, { alternativeNames }] = await Promise.all([
    import('./issue.ts'),
    import('./keys.ts'),
    import('./names.ts'),
  ])
  const { privateKey, publicKey } = await generateKey(config.algorithm)
  const validity = spec.by ? (config.certificateValidity ?? 8760 * hour) : (config.caValidity ?? 87_600 * hour)
  const names = spec.names && alternativeNames(spec.names(config))
  const certificate = issue(
    {
      subject: spec.subject(config),
      publicKey,
      usages: spec.usages,
      ...(names && { names }),
      authority: !spec.by,
      notBefore: now - backdate,
      notAfter: now + validity,
    },
    authority?.key ? { certificate: authority.certificate, key: authority.key } : { own: privateKey },
  )
  await files.write(`${path}.key`, privateKeyPem(privateKey), 0o600)
  await files.write(`${path}.crt`, certificate, 0o644)
  return { certificate, key: privateKey }
}

async function ensureServiceAccountKey(files: PkiFiles, dir: string, config: PkiConfig): Promise<Ensured> {
  const path = join(dir, serviceAccountKey)
  const { generateKey, privateKeyPem, publicKeyPem } = await import('./keys.ts')
  const [held, heldPublic] = await Promise.all([files.read(`${path}.key`), files.read(`${path}.pub`)])
  const key = held === undefined ? undefined : readKey(`${path}.key`, held)
  if (!key && heldPublic !== undefined)
    throw new Error(`${path}.pub is there without its sa.key: bring the key back, or remove it to get a new pair`)
  if (key && heldPublic !== undefined) {
    if (!createPublicKey(key).equals(createPublicKey(heldPublic)))
      throw new Error(`${path}.pub is not the public half of ${path}.key`)
    return { name: 'sa', did: 'kept' }
  }
  const privateKey = key ?? (await generateKey(config.algorithm)).privateKey
  if (!key) await files.write(`${path}.key`, privateKeyPem(privateKey), 0o600)
  await files.write(`${path}.pub`, publicKeyPem(createPublicKey(privateKey)), 0o600)
  return { name: 'sa', did: 'created' }
}

function readKey(path: string, content: string): KeyObject {
  try {
    return createPrivateKey(content)
  } catch (error) {
    throw new Error(`${path} holds no private key in PEM: ${(error as Error).message}`, { cause: error })
  }
}

function readCertificate(path: string, content: string): X509Certificate {
  try {
    return new X509Certificate(content)
  } catch (error) {
    throw new Error(`${path} holds no certificate in PEM: ${(error as Error).message}`, { cause: error })
  }
}
