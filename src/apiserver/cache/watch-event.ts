import type { Entry } from './entry.ts'

export type ChangeType = 'ADDED' | 'MODIFIED' | 'DELETED'

/** One change as the cache remembers it. What is encoded of it for watchers is kept here, once for all of them. */
export class Change {
  readonly type: ChangeType
  readonly revision: number
  /** The object after the change; for a delete its last state, at the delete's revision. */
  readonly entry: Entry
  /** The object before it; absent when it was created. */
  readonly previous: Entry | undefined
  #frames: Map<string, Buffer> | undefined
  #hidden: Entry | undefined

  constructor(type: ChangeType, entry: Entry, previous: Entry | undefined) {
    this.type = type
    this.revision = entry.revision
    this.entry = entry
    this.previous = previous
  }

  /** The object to show with `type`: for one that only left a watcher's view, as it last was in there. */
  shown(type: ChangeType): Entry {
    if (type !== 'DELETED' || this.type === 'DELETED' || !this.previous) return this.entry
    this.#hidden ??= this.previous.at(this.revision)
    return this.#hidden
  }

  /** The bytes of the change in one form, made by the first who asks. */
  frame(form: string, make: () => Buffer): Buffer {
    this.#frames ??= new Map()
    let frame = this.#frames.get(form)
    if (!frame) this.#frames.set(form, (frame = make()))
    return frame
  }
}

/** What a watcher with a filter sees of a change: objects come into view and leave it. Undefined: nothing. */
export function seenAs(change: Change, matches: (entry: Entry) => boolean): ChangeType | undefined {
  const before = change.previous !== undefined && matches(change.previous)
  if (change.type === 'DELETED') return before ? 'DELETED' : undefined
  const after = matches(change.entry)
  if (after) return before ? 'MODIFIED' : 'ADDED'
  return before ? 'DELETED' : undefined
}
