import type { Authenticator } from './authenticator.ts'
import type { User } from './user.ts'

/** A request as it reaches the server, whatever carried it. */
export interface ServerRequest {
  readonly method: string
  /** Path as sent (percent-encoded), without the query. */
  readonly path: string
  readonly query: URLSearchParams
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>
  /** All values of the headers that may come more than once; absent: each came once. */
  readonly repeated?: Parameters<Authenticator['authenticate']>[0]['repeated']
  /** The whole body; throws 413 when it is longer than the server takes. */
  body(): Promise<Uint8Array>
  /** The body as it comes in, for those who pass it on. */
  stream?(): AsyncIterable<Uint8Array>
  /** Aborted when the caller goes away. */
  readonly signal: AbortSignal
  /** Known already for callers in this process; else found out by the authenticator. */
  readonly user?: User
  readonly certificates: Parameters<Authenticator['authenticate']>[0]['certificates']
  readonly remoteAddress: string
}

/** Takes what a reply streams; `write` answers false when it is full, `drained` resolves when it takes more. */
export interface Sink {
  write(chunk: Uint8Array): boolean
  drained(): Promise<void>
}

/** An answer: its whole body at once, or a stream that runs until `run` resolves or the signal is aborted. */
export interface Reply {
  readonly code: number
  readonly contentType: string
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly body?: Uint8Array
  readonly run?: (sink: Sink, signal: AbortSignal) => Promise<void>
}
