/**
 * Three members of etcd, three API servers, writers and watchers; members and servers are killed at random moments and
 * started again, and members are silenced for a while. What everybody saw is written down, and checked at the end: see
 * `check`.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { type ConfigMap, configMaps } from '../../src/api/core/v1/config-map.ts'
import { namespaces } from '../../src/api/core/v1/namespace.ts'
import type { Client } from '../../src/client/client.ts'
import { isAlreadyExists, isConflict, StatusError } from '../../src/machinery/status-error.ts'
import { type Apiserver, noEtcd, Plane } from './support/processes.ts'

const namespace = 'chaos'
/** Milliseconds of load; how long something is down, and how long all is well between two deaths. */
const duration = Number(process.env.KOBUNE_CHAOS_SECONDS ?? 20) * 1000
const down = 1_000
const calm = 1_200
/** How long a member of etcd is there and does not answer. */
const silence = 5_000
/** Writes go on within this time, milliseconds. */
const failover = 5_000
const counters = ['a', 'b', 'c']
const seed = Number(process.env.KOBUNE_CHAOS_SEED ?? Date.now() % 1_000_000)

/** Numbers that look random and can be had again (mulberry32). */
function random(state: number): () => number {
  let at = state
  return () => {
    at = (at + 0x6d2b79f5) | 0
    let t = Math.imul(at ^ (at >>> 15), 1 | at)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

interface Seen {
  readonly type: string
  readonly name: string
  readonly revision: number
  readonly data: Readonly<Record<string, string>>
}

/** Everything that was observed. */
class History {
  /** Objects and increments that were acknowledged, with the revision that was answered. */
  readonly created = new Map<string, number>()
  readonly incremented = new Map<string, number>()
  /** Those whose outcome nobody told. */
  readonly unknown = new Set<string>()
  readonly watched: Seen[][] = []
  readonly backwards: string[] = []
  /** The longest time between two acknowledged writes of one writer, milliseconds. */
  gap = 0
  gaps: number[] = []
  relists = 0
}

/** A client that goes to the next server when one does not answer. */
class Nomad {
  readonly #servers: readonly Apiserver[]
  #at: number
  constructor(servers: readonly Apiserver[], at: number) {
    this.#servers = servers
    this.#at = at
  }
  get client(): Client {
    return this.#servers[this.#at % this.#servers.length]!.client
  }
  next(): void {
    this.#at += 1
  }
}

/** Whether the server said for sure that nothing was done. */
function refused(error: unknown): boolean {
  return isConflict(error) || isAlreadyExists(error) || (error instanceof StatusError && error.status.code === 503)
}

async function writer(id: number, servers: readonly Apiserver[], history: History, over: AbortSignal): Promise<void> {
  const nomad = new Nomad(servers, id)
  let last = 0
  let acknowledged = performance.now()
  const note = (revision: number, what: string) => {
    if (revision <= last) history.backwards.push(`writer ${id}: ${what} at ${revision} after ${last}`)
    last = revision
    const now = performance.now()
    history.gaps.push(now - acknowledged)
    history.gap = Math.max(history.gap, now - acknowledged)
    acknowledged = now
  }
  for (let n = 0; !over.aborted; n += 1) {
    const tag = `w${id}-${n}`
    try {
      if (n % 2 === 0) {
        const made = await nomad.client.create(configMaps, { metadata: { namespace, name: tag }, data: { by: tag } })
        const revision = Number(made.metadata.resourceVersion)
        history.created.set(tag, revision)
        note(revision, tag)
        continue
      }
      const name = counters[(id + n) % counters.length]!
      const held = await nomad.client.get(configMaps, { namespace, name })
      const read = Number(held.metadata.resourceVersion)
      const value = Number(held.data?.value) + 1
      const written = await nomad.client.update(configMaps, { ...held, data: { value: String(value), by: tag } })
      const revision = Number(written.metadata.resourceVersion)
      assert.ok(revision > read)
      history.incremented.set(tag, revision)
      note(revision, tag)
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error
      if (isConflict(error)) continue
      if (!refused(error)) history.unknown.add(tag)
      nomad.next()
      await delay(20)
    }
  }
}

/** Watches until it has seen a revision after the end; comes back with the revision it saw last. */
async function watcher(id: number, servers: readonly Apiserver[], history: History, from: string, last: () => number) {
  const nomad = new Nomad(servers, id)
  const seen: Seen[] = []
  history.watched.push(seen)
  let resourceVersion = from
  while (Number(resourceVersion) < last()) {
    const stop = new AbortController()
    const ended = Promise.withResolvers<Error | undefined>()
    const query = { watch: true, resourceVersion, allowWatchBookmarks: true }
    const server = nomad.client
    try {
      await server.transport.watch(
        { verb: 'watch', resource: configMaps, namespace, query },
        {
          event({ type, object }) {
            const { metadata, data = {} } = object as ConfigMap
            const revision = Number(metadata.resourceVersion)
            if (type !== 'BOOKMARK') seen.push({ type, name: metadata.name, revision, data })
            resourceVersion = String(Math.max(revision, Number(resourceVersion)))
            if (revision >= last()) ended.resolve(undefined)
          },
          ended: error => ended.resolve(error),
        },
        stop.signal,
      )
      const error = await ended.promise
      if (error instanceof StatusError && error.status.code === 410) history.relists += 1
    } catch (error) {
      if (error instanceof StatusError && error.status.code === 410) {
        history.relists += 1
        throw new Error(`watcher ${id} was told that ${resourceVersion} is too old`, { cause: error })
      }
      await delay(20)
    } finally {
      stop.abort()
    }
    nomad.next()
  }
}

/** Reads at any server, and never may see less than it saw before. */
async function reader(id: number, servers: readonly Apiserver[], history: History, over: AbortSignal): Promise<void> {
  const nomad = new Nomad(servers, id)
  let last = 0
  const values = new Map<string, number>()
  while (!over.aborted) {
    nomad.next()
    try {
      const { metadata } = await nomad.client.list(configMaps, { namespace, limit: 1 })
      const revision = Number(metadata.resourceVersion)
      if (revision < last) history.backwards.push(`reader ${id}: list at ${revision} after ${last}`)
      last = Math.max(last, revision)
      for (const name of counters) {
        const { data } = await nomad.client.get(configMaps, { namespace, name })
        const value = Number(data?.value)
        const before = values.get(name) ?? 0
        if (value < before) history.backwards.push(`reader ${id}: ${name} is ${value} after ${before}`)
        values.set(name, Math.max(value, before))
      }
    } catch {
      // A server that is down, or without its store.
    }
    await delay(5)
  }
}

function check(history: History, final: readonly ConfigMap[], start: ReadonlyMap<string, number>): void {
  const there = new Map(final.map(object => [object.metadata.name, object]))
  assert.deepEqual(history.backwards, [], 'no client sees revisions or values go back')
  assert.equal(history.relists, 0, 'no watcher has to begin anew')
  for (const [name, revision] of history.created) {
    assert.equal(Number(there.get(name)?.metadata.resourceVersion), revision, `${name} was acknowledged and is there`)
  }
  const [first = [], ...others] = history.watched
  for (const seen of [first, ...others]) {
    for (let i = 1; i < seen.length; i += 1) assert.ok(seen[i]!.revision > seen[i - 1]!.revision, 'in order, each once')
    assert.deepEqual(
      seen.map(({ type, name, revision }) => `${type} ${name} ${revision}`),
      first.map(({ type, name, revision }) => `${type} ${name} ${revision}`),
      'all watchers see the same',
    )
  }
  const created = first.filter(({ type }) => type === 'ADDED').map(({ name }) => name)
  assert.deepEqual(created.toSorted(), [...there.keys()].filter(name => !counters.includes(name)).toSorted())
  for (const name of created) assert.ok(history.created.has(name) || history.unknown.has(name), `somebody made ${name}`)
  const seenTags = new Map<string, number>()
  for (const name of counters) {
    let value = start.get(name)!
    for (const { data, revision } of first.filter(one => one.name === name)) {
      assert.equal(Number(data.value), value + 1, `${name} grows by one`)
      value += 1
      assert.ok(!seenTags.has(data.by!), `${data.by} counts once`)
      seenTags.set(data.by!, revision)
    }
    assert.equal(Number(there.get(name)?.data?.value), value)
  }
  for (const [tag, revision] of history.incremented) {
    assert.equal(seenTags.get(tag), revision, `the acknowledged increment ${tag} is in the history`)
  }
  for (const tag of seenTags.keys()) assert.ok(history.incremented.has(tag) || history.unknown.has(tag), tag)
}

if (noEtcd) test('chaos', { skip: noEtcd }, () => {})
else
  test('no acknowledged write is lost, no watch has a gap, while members of etcd and API servers are killed', async () => {
    await using plane = await Plane.prepare(3)
    const members = await plane.startEtcd(3)
    const servers = await Promise.all(
      ['127.0.0.1', '127.0.0.2', '127.0.0.3'].map(host =>
        plane.startApiserver(host, { 'advertise-address': host.replace('127.0.0.', '192.0.2.') }),
      ),
    )
    await Promise.all(servers.map(server => plane.ready(server)))
    const [{ client }] = servers as [Apiserver]
    await client.create(namespaces, { metadata: { name: namespace } })
    const start = new Map<string, number>()
    for (const name of counters) {
      await client.create(configMaps, { metadata: { namespace, name }, data: { value: '0', by: 'nobody' } })
      start.set(name, 0)
    }
    const from = (await client.list(configMaps, { namespace })).metadata.resourceVersion

    const history = new History()
    const over = new AbortController()
    let last = Number.POSITIVE_INFINITY
    const writers = [0, 1, 2, 3].map(id => writer(id, servers, history, over.signal))
    const readers = [0, 1].map(id => reader(id, servers, history, over.signal))
    const watchers = [0, 1, 2].map(id => watcher(id, servers, history, from, () => last))
    for (const one of watchers) one.catch(() => undefined)
    const next = random(seed)
    const victims = [...members, ...servers.map(({ process }) => process)]
    const deaths: string[] = []
    const end = Date.now() + duration
    // The leader of etcd dies as often as others: whoever it is, it is one of the members.
    while (Date.now() < end) {
      await delay(next() * calm)
      const victim = victims[Math.floor(next() * victims.length)]!
      const server = servers.find(({ process }) => process === victim)
      if (!server && next() < 0.4) {
        deaths.push(`${victim.name}(silent)`)
        victim.signal('SIGSTOP')
        await delay(silence)
        victim.signal('SIGCONT')
        await delay(calm)
        continue
      }
      deaths.push(victim.name)
      await victim.stop('SIGKILL')
      await delay(next() * down)
      victim.again()
      if (server) await plane.ready(server)
      else await delay(calm)
    }
    over.abort()
    await Promise.all([...writers, ...readers])
    await Promise.all(servers.map(server => plane.ready(server)))
    const { items } = await client.list(configMaps, { namespace })
    last = Math.max(...items.map(({ metadata }) => Number(metadata.resourceVersion)))
    // Watchers that wait for the next change have to be told.
    await client.create(configMaps, { metadata: { namespace, name: 'last' } }).then(made => {
      last = Number(made.metadata.resourceVersion)
      history.created.set('last', last)
    })
    await Promise.all(watchers)
    const final = (await client.list(configMaps, { namespace })).items
    const sorted = history.gaps.toSorted((a, b) => a - b)
    console.log(
      `  seed ${seed}: ${deaths.length} deaths (${deaths.join(' ')}), ${history.created.size} creates, ` +
        `${history.incremented.size} increments, ${history.unknown.size} of unknown outcome; ` +
        `longest time without an acknowledged write ${(history.gap / 1000).toFixed(2)} s, ` +
        `99th percentile ${sorted[Math.floor(sorted.length * 0.99)]?.toFixed(0)} ms`,
    )
    try {
      check(history, final, start)
      assert.ok(history.gap < failover, `writes went on only after ${(history.gap / 1000).toFixed(2)} s`)
    } catch (error) {
      console.log(await plane.says(30))
      throw error
    }
  })
