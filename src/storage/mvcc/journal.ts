import type { Change } from './keyspace.ts'

/** Where changes become durable. Calls are made one after the other, never two at a time. */
export interface Journal {
  /**
   * Makes all changes durable, or none of them: then it rejects with an error that says why and where, and the next
   * commit may succeed. `forget` are changes that no read can need any more; they may be removed.
   */
  commit(changes: readonly Change[], forget: Forget | undefined): Promise<void>
  /** Writes a copy of all that is durable to a new file. */
  snapshot(file: string): Promise<void>
  /** Bytes held outside of the process's memory; undefined when it keeps nothing there. */
  bytes(): Promise<number | undefined>
  close(): Promise<void>
  /** Set once it can never commit again. */
  readonly dead?: Error | undefined
}

export interface Forget {
  readonly compactRevision: number
  /** Revisions of the changes to remove. */
  readonly revisions: readonly number[]
}
