/** Who holds what of a range, agreed on in the store: a key that can be made only once is a claim. */
import type { Storage } from '../../storage/storage.ts'

/** The Service that a claim is for. */
export interface Owner {
  readonly namespace: string
  readonly name: string
  /** Empty where the claim does not say it: then the name tells. */
  readonly uid: string
  /** Not of a Service: nobody but its maker takes it away. */
  readonly foreign?: boolean
}

/** How a claim is written. */
export interface Form {
  readonly write: (value: string, owner: Owner) => Uint8Array
  readonly read: (bytes: Uint8Array) => Owner
}

export interface Claim {
  readonly value: string
  readonly owner: Owner
  readonly revision: number
}

const attempts = 10

export class Claims {
  readonly #storage: Storage
  readonly #prefix: string
  readonly #form: Form

  constructor(storage: Storage, prefix: string, form: Form = plain) {
    this.#storage = storage
    this.#prefix = prefix
    this.#form = form
  }

  /** Takes a value; answers whose it is when it is taken. */
  async take(value: string, owner: Owner): Promise<Claim | undefined> {
    const key = this.#prefix + value
    const result = await this.#storage.put(key, this.#form.write(value, owner), { expect: 0 })
    if (result.ok) return undefined
    const { current } = result
    const held = current && { value, owner: this.#form.read(current.value), revision: current.modRevision }
    if (!held) return this.take(value, owner)
    return same(held.owner, owner) ? undefined : held
  }

  /** Gives a value back if it is this owner's. */
  async release(value: string, owner: Owner): Promise<void> {
    const key = this.#prefix + value
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const { kv } = await this.#storage.get(key)
      if (!kv || !same(this.#form.read(kv.value), owner)) return
      if ((await this.#storage.delete(key, { expect: kv.modRevision })).ok) return
    }
  }

  /** Removes a claim that was looked at, unless it changed since. */
  async remove({ value, revision }: Claim): Promise<void> {
    await this.#storage.delete(this.#prefix + value, { expect: revision })
  }

  async get(value: string): Promise<Claim | undefined> {
    const { kv } = await this.#storage.get(this.#prefix + value)
    return kv && { value, owner: this.#form.read(kv.value), revision: kv.modRevision }
  }

  async list(): Promise<readonly Claim[]> {
    const { kvs } = await this.#storage.range({ prefix: this.#prefix })
    return kvs.map(({ key, value, modRevision }) => ({
      value: key.slice(this.#prefix.length),
      owner: this.#form.read(value),
      revision: modRevision,
    }))
  }
}

/** Whether two owners are one Service. */
export function same(a: Owner, b: Owner): boolean {
  if (a.foreign || b.foreign) return false
  return a.uid && b.uid ? a.uid === b.uid : a.namespace === b.namespace && a.name === b.name
}

/** Claims that nobody else reads. */
const plain: Form = {
  write: (_, owner) => Buffer.from(JSON.stringify(owner)),
  read: readOwner,
}

function readOwner(value: Uint8Array): Owner {
  try {
    return JSON.parse(Buffer.from(value).toString()) as Owner
  } catch {
    return { namespace: '', name: '', uid: '' }
  }
}
