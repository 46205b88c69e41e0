/** What is made of files, made again when they change: certificates renew themselves while processes run. */
import { type FSWatcher, type Stats, watch } from 'node:fs'
import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { logger } from './log.ts'

export interface Reloading<T> {
  /** The newest that could be made. */
  readonly current: T
  /** Calls back with every newer one; the returned function ends that. */
  on(changed: (value: T) => void): () => void
  stop(): void
}

export interface ReloadingOptions<T> {
  /** Reads the files and says which they are; throws when they do not belong together (yet). */
  readonly load: () => Promise<{ readonly value: T; readonly files: readonly string[] }>
  /** For the log: what it is that changes. */
  readonly name: string
  /** Milliseconds between looks, for file systems that tell nothing. Default a minute. */
  readonly every?: number
  /** Milliseconds from a change to reading: several files change together. Default 100. */
  readonly settle?: number
}

const log = logger('files')
/** Milliseconds until files that do not belong together are read again. */
const retryAfter = 1_000

/** Loads now, which has to succeed, and again when a file changes. What cannot be loaded then leaves the former in use. */
export async function reloading<T>(options: ReloadingOptions<T>): Promise<Reloading<T>> {
  const { load, name, every = 60_000, settle = 100 } = options
  const first = await load()
  const listeners = new Set<(value: T) => void>()
  let { value: current, files } = first
  let seen = await signature(files)
  let watchers: FSWatcher[] = []
  let timer: NodeJS.Timeout | undefined
  let working = false
  let missed = false
  let stopped = false

  function follow(): void {
    for (const watcher of watchers) watcher.close()
    // Folders, as files are replaced; and files, as one that is mounted by itself is written into. What cannot be watched
    // is looked at every now and then.
    watchers = [...new Set(files.flatMap(file => [dirname(file), file]))].flatMap(path => {
      try {
        return watch(path, { persistent: false }, soon).on('error', () => undefined)
      } catch {
        return []
      }
    })
  }
  function soon(): void {
    if (stopped || timer) return
    timer = setTimeout(() => {
      timer = undefined
      void look()
    }, settle).unref()
  }
  async function look(): Promise<void> {
    if (working) {
      missed = true
      return
    }
    working = true
    try {
      const now = await signature(files)
      if (now === seen || stopped) return
      const next = await load()
      if (stopped) return
      seen = next.files === files ? now : await signature(next.files)
      files = next.files
      current = next.value
      follow()
      log.info({ what: name }, 'files changed; what they hold is in use')
      for (const listener of [...listeners]) listener(current)
    } catch (error) {
      log.warn({ what: name, error: (error as Error).message }, 'changed files cannot be used yet; the former are')
      setTimeout(() => void (stopped || look()), retryAfter).unref()
    } finally {
      working = false
      if (missed) soon()
      missed = false
    }
  }

  follow()
  const poll = setInterval(() => void look(), every).unref()
  return {
    get current() {
      return current
    },
    on(changed) {
      listeners.add(changed)
      return () => listeners.delete(changed)
    },
    stop() {
      stopped = true
      clearInterval(poll)
      clearTimeout(timer)
      for (const watcher of watchers) watcher.close()
      listeners.clear()
    },
  }
}

/** Tells whether files are the same as before, links followed. */
async function signature(files: readonly string[]): Promise<string> {
  const all = await Promise.all(files.map(file => stat(file).catch((): Stats | undefined => undefined)))
  return all.map(facts => (facts ? `${facts.ino} ${facts.size} ${facts.mtimeMs} ${facts.ctimeMs}` : '-')).join('|')
}
