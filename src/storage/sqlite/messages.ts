import type { Forget } from '../mvcc/journal.ts'

/** What the main thread asks of the worker; `changes` as of packing.ts. */
export type Request =
  | { readonly do: 'commit'; readonly changes: ArrayBuffer; readonly forget: Forget | undefined }
  | { readonly do: 'snapshot'; readonly file: string }
  | { readonly do: 'bytes' }
  | { readonly do: 'close' }

/** What the worker says: first `rows` until `open` (or `failed`), then one answer per request. */
export type Answer =
  | { readonly is: 'rows'; readonly changes: ArrayBuffer }
  | { readonly is: 'open'; readonly compactRevision: number }
  | { readonly is: 'done'; readonly bytes?: number }
  | { readonly is: 'failed'; readonly message: string }
