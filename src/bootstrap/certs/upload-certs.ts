/**
 * The shared certificates and keys, for two hours in the cluster: Secret kube-system/kubeadm-certs, each file encrypted
 * with a key that only people pass on. A token owns the Secret; when it expires, the Secret goes with it.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { secrets } from '../../api/core/v1/secret.ts'
import type { Client } from '../../client/client.ts'
import { isNotFound } from '../../machinery/status-error.ts'
import { formatBootstrapToken, generateBootstrapToken, parseBootstrapToken } from '../../pki/bootstrap-token.ts'
import { disk } from '../../pki/disk.ts'
import type { PkiFiles } from '../../pki/files.ts'
import type { ExternalEtcd } from '../config/types.ts'
import { ensureAll } from '../ensure.ts'
import { nodeTokenGroup, readable } from '../objects/rbac.ts'
import { createToken, tokenSecretName } from '../tokens.ts'
import { sharedFiles } from './shared-files.ts'

const secret = { namespace: 'kube-system', name: 'kubeadm-certs' } as const
const cipher = 'aes-256-gcm'
const nonceLength = 12
const tagLength = 16
const again = 'kobune init phase upload-certs --upload-certs'

/** 32 random bytes as hexadecimal digits. */
export const generateCertificateKey = () => randomBytes(32).toString('hex')

/** Nonce, ciphertext and tag, one after the other. `nonce` is for tests of known answers. */
export function encryptFile(content: Uint8Array, key: Uint8Array, nonce = randomBytes(nonceLength)): Buffer {
  const encrypt = createCipheriv(cipher, key, nonce, { authTagLength: tagLength })
  return Buffer.concat([nonce, encrypt.update(content), encrypt.final(), encrypt.getAuthTag()])
}

/** Throws when the key is another one, or the data was changed. */
export function decryptFile(data: Uint8Array, key: Uint8Array): Buffer {
  if (data.length < nonceLength + tagLength) throw new Error('it is too short to be encrypted data')
  const decrypt = createDecipheriv(cipher, key, data.subarray(0, nonceLength), { authTagLength: tagLength })
  decrypt.setAuthTag(data.subarray(-tagLength))
  return Buffer.concat([decrypt.update(data.subarray(nonceLength, -tagLength)), decrypt.final()])
}

function keyBytes(key: string): Buffer {
  if (!/^[0-9a-f]{64}$/i.test(key)) throw new Error('the certificate key must be 64 hexadecimal digits')
  return Buffer.from(key, 'hex')
}

export interface UploadOptions {
  readonly externalEtcd?: ExternalEtcd
  readonly files?: PkiFiles
  /** Milliseconds. */
  readonly now?: number
}

/**
 * Puts the shared files of `dir` into the cluster, in the place of what was there. A private key that is kept elsewhere
 * (an external authority) is stored as nothing; any other missing file is an error.
 */
export async function uploadCertificates(
  client: Client,
  dir: string,
  key: string,
  { externalEtcd, files = disk, now = Date.now() }: UploadOptions = {},
): Promise<void> {
  const bytes = keyBytes(key)
  const data: Record<string, string> = {}
  for (const { path, key: name } of sharedFiles(externalEtcd)) {
    const full = path.startsWith('/') ? path : join(dir, path)
    const content = await files.read(full)
    if (content === undefined && !/ca\.key$/.test(path))
      throw new Error(`${full} does not exist, and other machines need it`)
    data[name] = content === undefined ? '' : encryptFile(Buffer.from(content), bytes).toString('base64')
  }
  const ownerReferences = [await makeOwner(client, now)]
  await client.delete(secrets, secret).catch(error => {
    if (!isNotFound(error)) throw error
  })
  await client.create(secrets, { metadata: { ...secret, ownerReferences }, data })
  const reader = { kind: 'Group', name: nodeTokenGroup } as const
  await ensureAll(client, readable('kubeadm:kubeadm-certs', { ...secret, resource: 'secrets' }, reader))
}

/** A token that can do nothing but expire. */
async function makeOwner(client: Client, now: number) {
  const token = formatBootstrapToken(generateBootstrapToken())
  const description = 'Proxy for managing TTL for the kubeadm-certs secret'
  await createToken(client, { token, description, ttl: '2h0m0s', usages: [], groups: [] }, now)
  const name = tokenSecretName(parseBootstrapToken(token)!.id)
  const { metadata } = await client.get(secrets, { name, namespace: secret.namespace })
  return { apiVersion: 'v1', kind: 'Secret', name, uid: metadata.uid! }
}

/** Gets the shared files back, by their keys in the Secret. Files stored as nothing are left out. */
export async function downloadCertificates(client: Client, key: string): Promise<ReadonlyMap<string, string>> {
  const bytes = keyBytes(key)
  const { data = {} } = await client.get(secrets, secret).catch(error => {
    if (!isNotFound(error)) throw error
    throw new Error(
      `the Secret ${secret.namespace}/${secret.name} does not exist: uploaded certificates are removed after two hours. ` +
        `Upload them again on a machine of the control plane: ${again}`,
      { cause: error },
    )
  })
  const found = Object.entries(data).filter(([, text]) => text !== '')
  if (found.length === 0) throw new Error(`the Secret ${secret.namespace}/${secret.name} holds nothing: ${again}`)
  return new Map(
    found.map(([name, text]) => {
      try {
        return [name, decryptFile(Buffer.from(text, 'base64'), bytes).toString('utf8')]
      } catch (cause) {
        const text = `${name} of the Secret ${secret.namespace}/${secret.name} cannot be decrypted with this certificate key`
        throw new Error(`${text}: it is another key's, or was changed. For a new key: ${again}`, { cause })
      }
    }),
  )
}

/** Writes downloaded files. One that is there already was brought by hand and stays; resolves to the paths written. */
export async function writeDownloaded(
  dir: string,
  downloaded: ReadonlyMap<string, string>,
  { externalEtcd, files = disk }: Pick<UploadOptions, 'externalEtcd' | 'files'> = {},
): Promise<string[]> {
  const written: string[] = []
  for (const { path, key, mode } of sharedFiles(externalEtcd)) {
    const full = path.startsWith('/') ? path : join(dir, path)
    if ((await files.read(full)) !== undefined) continue
    const content = downloaded.get(key)
    if (content === undefined) {
      if (/ca\.key$/.test(path)) continue
      throw new Error(`the uploaded certificates lack ${key}: upload them again: ${again}`)
    }
    await files.write(full, content, mode)
    written.push(full)
  }
  return written
}
