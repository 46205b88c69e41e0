/** Copies a whole store into another one: every key once, verified, or not at all. */
import type { Storage } from './storage.ts'

/** One key as it is now. */
export interface CurrentEntry {
  readonly key: string
  readonly value: Uint8Array
  /** Milliseconds since the epoch; 0: never. */
  readonly expires: number
}

export interface CopyOptions {
  readonly entries: readonly CurrentEntry[]
  readonly to: Storage
  /** The revision of the target is brought to this before, so that clients never see one go backwards. */
  readonly above: number
  readonly note: (text: string) => void
  readonly now?: () => number
}

export interface Copied {
  readonly keys: number
  readonly revision: number
}

/** Writes under way at once. */
const atOnce = 64
const page = 500
const filler = 'kobune.io/revision'

/** Throws when the target holds anything: nothing in it is ever replaced. */
export async function demandEmpty(to: Storage): Promise<void> {
  const { count } = await to.range({ prefix: '', limit: 1 })
  if (count > 0)
    throw new Error(`the target holds ${count} keys already: it must be empty, and nothing was written to it`)
}

/** Copies all entries, reads them all back, and compares. Throws when anything differs. */
export async function copyStore({ entries, to, above, note, now = Date.now }: CopyOptions): Promise<Copied> {
  await demandEmpty(to)
  await advance(to, above, note)
  const live = entries.filter(({ expires }) => expires === 0 || expires > now())
  let done = 0
  await eachAtOnce(live, async ({ key, value, expires }) => {
    const ttl = expires && Math.max(1, Math.ceil((expires - now()) / 1000))
    const written = await to.put(key, value, { expect: 0, ...(ttl && { ttl }) })
    if (!written.ok) throw new Error(`somebody else writes to the target: ${key} was there already`)
    if (++done % 500 === 0) note(`${done} of ${live.length} keys`)
  })
  note('reading all back')
  await compare(live, to, now)
  const revision = await to.revision()
  // Watchers of before must begin anew.
  await to.compact(revision)
  return { keys: live.length, revision }
}

async function advance(to: Storage, above: number, note: (text: string) => void): Promise<void> {
  const from = await to.revision()
  if (from >= above) return
  note(`bringing the revision from ${from} to ${above}`)
  const value = Buffer.from('')
  await eachAtOnce({ length: above - from }, () => to.put(filler, value))
  await to.delete(filler)
}

async function compare(entries: readonly CurrentEntry[], to: Storage, now: () => number): Promise<void> {
  const left = new Map(entries.map(entry => [entry.key, entry]))
  const revision = await to.revision()
  for (let start: string | undefined = ''; start !== undefined; ) {
    const { kvs, more } = await to.range({ prefix: '', ...(start && { start }), limit: page, revision })
    for (const { key, value } of kvs) {
      const entry = left.get(key)
      if (!entry) throw new Error(`the target has ${key}, which the source has not`)
      if (!Buffer.from(entry.value).equals(value)) throw new Error(`the target has another value of ${key}`)
      left.delete(key)
    }
    start = more ? `${kvs.at(-1)!.key}\0` : undefined
  }
  const lost = [...left.values()].filter(({ expires }) => expires === 0 || expires > now() + 5_000)
  if (lost.length) throw new Error(`the target lacks ${lost.length} keys, ${lost[0]!.key} among them`)
}

/** Works on all of a list, some at once; the first failure ends it. */
async function eachAtOnce<T>(all: ArrayLike<T>, work: (each: T) => Promise<unknown>): Promise<void> {
  let next = 0
  let failed = false
  const worker = async () => {
    while (next < all.length && !failed) {
      try {
        await work(all[next++] as T)
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, all.length) }, worker))
}
