/** Who holds what of a range, agreed on in the store: a key that can be made only once is a claim. */
import type { Storage } from '../../storage/storage.ts'

/** The Service that a claim is for. */
export interface Owner {
  readonly namespace: string
  readonly name: string
  readonly uid: string
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

  /** `range`: `serviceips`, `servicenodeports`. */
  constructor(storage: Storage, range: string) {
    this.#storage = storage
    this.#prefix = `/registry/ranges/claims/${range}/`
  }

  /** Takes a value; answers whose it is when it is taken. */
  async take(value: string, owner: Owner): Promise<Claim | undefined> {
    const key = this.#prefix + value
    const result = await this.#storage.put(key, Buffer.from(JSON.stringify(owner)), { expect: 0 })
    if (result.ok) return undefined
    const { current } = result
    const held = current && { value, owner: readOwner(current.value), revision: current.modRevision }
    if (!held) return this.take(value, owner)
    return held.owner.uid === owner.uid ? undefined : held
  }

  /** Gives a value back if it is this owner's. */
  async release(value: string, uid: string): Promise<void> {
    const key = this.#prefix + value
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const { kv } = await this.#storage.get(key)
      if (!kv || readOwner(kv.value).uid !== uid) return
      if ((await this.#storage.delete(key, { expect: kv.modRevision })).ok) return
    }
  }

  /** Removes a claim that was looked at, unless it changed since. */
  async remove({ value, revision }: Claim): Promise<void> {
    await this.#storage.delete(this.#prefix + value, { expect: revision })
  }

  async get(value: string): Promise<Claim | undefined> {
    const { kv } = await this.#storage.get(this.#prefix + value)
    return kv && { value, owner: readOwner(kv.value), revision: kv.modRevision }
  }

  async list(): Promise<readonly Claim[]> {
    const { kvs } = await this.#storage.range({ prefix: this.#prefix })
    return kvs.map(({ key, value, modRevision }) => ({
      value: key.slice(this.#prefix.length),
      owner: readOwner(value),
      revision: modRevision,
    }))
  }
}

function readOwner(value: Uint8Array): Owner {
  try {
    return JSON.parse(Buffer.from(value).toString()) as Owner
  } catch {
    return { namespace: '', name: '', uid: '' }
  }
}
