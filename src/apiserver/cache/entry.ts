import type { KubernetesObject } from '../../api/group-version.ts'
import { deepFreeze } from './json.ts'

/** How the stored bytes of every object of a kind begin; its revision is spliced in right after. */
export function headOf(kind: { readonly kind: string; readonly apiVersion: string }): Buffer {
  return Buffer.from(
    `{"kind":${JSON.stringify(kind.kind)},"apiVersion":${JSON.stringify(kind.apiVersion)},"metadata":{`,
  )
}

/**
 * The stored form of an object: its JSON with kind, apiVersion and metadata first, and without
 * metadata.resourceVersion, which only the store knows.
 */
export function encodeStored(object: KubernetesObject): Buffer {
  const { kind, apiVersion, metadata, ...rest } = object
  return Buffer.from(
    JSON.stringify({ kind, apiVersion, metadata: { ...metadata, resourceVersion: undefined }, ...rest }),
  )
}

/** One object at one revision: the bytes as stored, from which both the wire form and the parsed object derive. */
export class Entry {
  readonly key: string
  readonly revision: number
  readonly stored: Uint8Array
  readonly #head: Uint8Array
  #object: KubernetesObject | undefined

  /**
   * `object` is what `stored` was encoded from, if that is at hand: it becomes the shared frozen object.
   * `head` is what the kind's stored bytes begin with; bytes that begin otherwise (another server's) are encoded anew.
   */
  constructor(from: {
    key: string
    revision: number
    stored: Uint8Array
    head: Uint8Array
    object?: KubernetesObject | undefined
  }) {
    this.key = from.key
    this.revision = from.revision
    this.#head = from.head
    const { stored, head } = from
    this.stored = startsWith(stored, head) ? stored : normalized(stored, head)
    if (from.object) this.#object = revised(from.object, from.revision)
  }

  /** The object as every reader in this process gets it: frozen, with its resourceVersion. */
  get object(): KubernetesObject {
    this.#object ??= revised(parse(this.stored), this.revision)
    return this.#object
  }

  /** The same object under another revision: of the delete that removed it, of the change that hid it. */
  at(revision: number): Entry {
    const { key, stored } = this
    return new Entry({ key, revision, stored, head: this.#head, object: this.#object })
  }

  /** Bytes that `copyTo` writes. */
  get length(): number {
    return this.stored.length + revisionField.length + digits(this.revision)
  }

  /** Writes the wire form (JSON with resourceVersion) at `offset`; returns the offset after it. */
  copyTo(target: Buffer, offset: number): number {
    const head = this.#head.length
    target.set(this.#head, offset)
    offset += head
    offset += target.write(`"resourceVersion":"${this.revision}",`, offset, 'latin1')
    target.set(this.stored.subarray(head), offset)
    return offset + this.stored.length - head
  }

  /** The wire form on its own. */
  wire(): Buffer {
    const bytes = Buffer.allocUnsafe(this.length)
    this.copyTo(bytes, 0)
    return bytes
  }
}

const revisionField = '"resourceVersion":"",'

function digits(revision: number): number {
  let count = 1
  for (let n = revision; n >= 10; n = Math.floor(n / 10)) count += 1
  return count
}

function startsWith(bytes: Uint8Array, head: Uint8Array): boolean {
  if (bytes.length <= head.length) return false
  for (let i = 0; i < head.length; i += 1) if (bytes[i] !== head[i]) return false
  return true
}

function parse(bytes: Uint8Array): KubernetesObject {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()
  return JSON.parse(text) as KubernetesObject
}

function normalized(stored: Uint8Array, head: Uint8Array): Buffer {
  const { kind, apiVersion } = JSON.parse(`${Buffer.from(head).toString()}}}`) as KubernetesObject
  return encodeStored({ ...parse(stored), kind, apiVersion })
}

function revised(object: KubernetesObject, revision: number): KubernetesObject {
  const { kind, apiVersion, metadata, ...rest } = object
  const resourceVersion = String(revision)
  return deepFreeze({ kind, apiVersion, metadata: { ...metadata, resourceVersion }, ...rest } as KubernetesObject)
}
