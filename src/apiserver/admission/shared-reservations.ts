/** What was admitted against quotas where several API servers admit: one list for each namespace, in the store. */

import type { Usage } from '../../machinery/quota-usage.ts'
import { conflict } from '../../machinery/status-error.ts'
import type { Storage } from '../../storage/storage.ts'

/** The store behind the caches, for what has to be agreed on with other servers. */
export interface SharedStore {
  readonly storage: Storage
  /** Resolves once the caches have a revision. */
  reached(revision: number): Promise<void>
}

/** Something admitted that caches may not have yet. */
export interface SharedReservation {
  readonly uid: string
  /** `/pods` */
  readonly resource: string
  /** The version that an update replaces; 0: a new object. */
  readonly replaces: number
  /** By quota: how much more is used of what. */
  readonly more: Readonly<Record<string, Usage>>
}

interface Stored extends Omit<SharedReservation, 'more'> {
  readonly more: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** Milliseconds since the epoch. */
  readonly until: number
}

/** A write that was admitted so long ago and does not show has surely failed. Longer than any write takes. */
const longest = 15_000
const attempts = 50

export class SharedReservations {
  readonly #store: SharedStore
  /** One at a time for each namespace: writers of one server need not race in the store. */
  readonly #turns = new Map<string, Promise<unknown>>()

  constructor(store: SharedStore) {
    this.#store = store
  }

  /**
   * Calls `decide` with what others were admitted and does not show yet; what it answers is added before anybody else is
   * asked. `shows`: whether the caches have it.
   */
  reserve(
    namespace: string,
    shows: (one: SharedReservation) => boolean,
    decide: (held: readonly SharedReservation[]) => SharedReservation | undefined,
  ): Promise<void> {
    const before = this.#turns.get(namespace) ?? Promise.resolve()
    const turn = before.catch(() => undefined).then(() => this.#reserve(namespace, shows, decide))
    this.#turns.set(namespace, turn)
    const over = () => {
      if (this.#turns.get(namespace) === turn) this.#turns.delete(namespace)
    }
    turn.then(over, over)
    return turn
  }

  async #reserve(
    namespace: string,
    shows: (one: SharedReservation) => boolean,
    decide: (held: readonly SharedReservation[]) => SharedReservation | undefined,
  ): Promise<void> {
    const { storage, reached } = this.#store
    const key = `/registry/quotareservations/${namespace}`
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const { kv, revision } = await storage.get(key)
      // Whatever others took off the list because it showed shows here too.
      await reached(revision)
      const now = Date.now()
      const held = (kv ? read(kv.value) : []).filter(one => one.until > now && !shows(usable(one)))
      const added = decide(held.map(usable))
      if (!added) return
      const list = [...held.filter(({ uid }) => uid !== added.uid), stored(added, now + longest)]
      const written = await storage.put(key, Buffer.from(JSON.stringify(list)), { expect: kv?.modRevision ?? 0 })
      if (written.ok) return
    }
    throw conflict(
      { group: '', resource: 'resourcequotas', name: namespace },
      'too many writes were admitted at the same time; please try again',
    )
  }
}

function read(value: Uint8Array): readonly Stored[] {
  return JSON.parse(Buffer.from(value).toString()) as readonly Stored[]
}

function stored({ more, ...rest }: SharedReservation, until: number): Stored {
  const texts = Object.entries(more).map(([quota, usage]) => [
    quota,
    Object.fromEntries([...usage].map(([name, amount]) => [name, String(amount)])),
  ])
  return { ...rest, more: Object.fromEntries(texts), until }
}

function usable({ uid, resource, replaces, more }: Stored): SharedReservation {
  const amounts = Object.entries(more).map(([quota, usage]) => [
    quota,
    new Map(Object.entries(usage).map(([name, amount]) => [name, BigInt(amount)])),
  ])
  return { uid, resource, replaces, more: Object.fromEntries(amounts) }
}
