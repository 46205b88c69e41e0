/** Where a kubelet keeps a certificate that is renewed, as upstream's does: dated files, and a link to the newest. */
import { createPrivateKey, createPublicKey } from 'node:crypto'
import type { Files } from '../../host/files.ts'
import { type CertificatePair, pairFacts, splitPair } from './pair.ts'

export interface CertificateStore {
  /** `<folder>/<name>-current.pem`, certificate and key. */
  readonly file: string
  /** Undefined when there is none that can be used. */
  current(): Promise<CertificatePair | undefined>
  /** The key of a request that has not been answered yet; undefined when none is under way. */
  pendingKey(): Promise<string | undefined>
  keepPendingKey(key: string): Promise<void>
  dropPendingKey(): Promise<void>
  /** Makes it the current one; the key is no longer pending. Done whole or not at all, whenever the process ends. */
  save(pair: CertificatePair, now: number): Promise<void>
}

/** The former one is kept: somebody may be reading it. */
const kept = 2

/** `name` is `kubelet-client` or `kubelet-server`. */
export function certificateStore(files: Files, folder: string, name: string): CertificateStore {
  const file = `${folder}/${name}-current.pem`
  const pending = `${folder}/${name}.key.tmp`

  async function current(): Promise<CertificatePair | undefined> {
    const text = await files.readIfThere(file)
    const pair = text === undefined ? undefined : splitPair(text)
    return pair && pairFacts(pair) ? pair : undefined
  }

  return {
    file,
    current,
    async pendingKey() {
      const key = await files.readIfThere(pending)
      if (key === undefined) return undefined
      // Ended between saving the certificate and forgetting its key: a new certificate gets a new key.
      const pair = await current()
      return isKey(key) && !(pair && sameKey(pair.key, key)) ? key : undefined
    },
    async keepPendingKey(key) {
      await files.makeDirectory(folder, { mode: 0o700 })
      await files.write(pending, key, { mode: 0o600 })
    },
    dropPendingKey: () => files.remove(pending),
    async save(pair, now) {
      await files.makeDirectory(folder, { mode: 0o700 })
      const dated = `${name}-${stamp(now)}.pem`
      await files.write(`${folder}/${dated}`, `${ended(pair.cert)}${ended(pair.key)}`, { mode: 0o600 })
      await files.symlink(dated, file)
      await files.remove(pending)
      const isDated = (other: string) => other.startsWith(`${name}-2`) && other.endsWith('.pem') && other !== dated
      const old = (await files.list(folder)).filter(isDated)
      for (const other of old.slice(0, Math.max(0, old.length - kept + 1))) await files.remove(`${folder}/${other}`)
    },
  }
}

const stamp = (now: number) => new Date(now).toISOString().slice(0, 19).replace(/[T:]/g, '-')
const ended = (text: string) => (text.endsWith('\n') ? text : `${text}\n`)

function isKey(text: string): boolean {
  try {
    createPrivateKey(text)
    return true
  } catch {
    return false
  }
}

function sameKey(a: string, b: string): boolean {
  return createPublicKey(a).equals(createPublicKey(b))
}
