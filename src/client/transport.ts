import type { AnyResource } from '../schema/resource.ts'

export type ApiVerb = 'get' | 'list' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection' | 'watch'

/** The media types of the patches the API takes. */
export const patchTypes = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
} as const
export type PatchType = keyof typeof patchTypes

/** One call to the API on objects, before any wire. */
export interface ApiCall {
  readonly verb: ApiVerb
  readonly resource: AnyResource
  readonly namespace?: string | undefined
  readonly name?: string | undefined
  readonly subresource?: string | undefined
  /** Parameters by their names on the wire (`labelSelector`, `limit`, `dryRun`, ...). */
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>
  readonly body?: unknown
  readonly patchType?: PatchType
}

export type WatchEventType = 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'
export interface WatchEvent<T = unknown> {
  readonly type: WatchEventType
  readonly object: T
}

/**
 * How calls reach an API server: HTTPS (http-transport.ts) or a server in the same process (the API server gives one).
 * Errors of the API are StatusErrors on both; other errors mean the call may or may not have happened.
 * Objects that come back are shared and frozen: never change them.
 */
export interface Transport {
  call(call: ApiCall, signal?: AbortSignal): Promise<unknown>
  /**
   * Resolves when the watch is established, then calls `event` for each event in order until the signal is aborted or
   * the server ends it; `ended` is called once with the reason (undefined: closed normally).
   */
  watch(
    call: ApiCall,
    on: { event(event: WatchEvent): void; ended(error: Error | undefined): void },
    signal: AbortSignal,
  ): Promise<void>
  /** A plain request for what is no object: /version, /healthz, pod logs. Throws StatusError for codes >= 400. */
  raw(
    path: string,
    options?: {
      readonly method?: string
      readonly body?: string
      readonly contentType?: string
      readonly accept?: string
    },
    signal?: AbortSignal,
  ): Promise<{ readonly status: number; readonly body: AsyncIterable<Uint8Array> }>
  close(): Promise<void>
}
