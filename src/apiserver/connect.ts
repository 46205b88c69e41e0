import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { KubernetesObject } from '../api/group-version.ts'
import type { AnyResource } from '../schema/resource.ts'
import type { User } from './user.ts'

/** A request for a streaming subresource (log, exec, attach, portforward, proxy): authenticated, authorized, object found. */
export interface ConnectRequest {
  readonly user: User
  readonly method: string
  readonly resource: AnyResource
  readonly subresource: string
  readonly namespace: string | undefined
  readonly name: string
  /** What follows the subresource in the path, with its leading slash; '' when nothing does. */
  readonly rest: string
  readonly query: URLSearchParams
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>
  /** The pod, node or service as stored now. */
  readonly object: KubernetesObject
  /** The body as it comes in; empty for an upgrade. */
  readonly body: AsyncIterable<Uint8Array>
  /** The caller went away, or the server stops. */
  readonly signal: AbortSignal
  /**
   * The bare connection, when the client asked to upgrade it (WebSocket, SPDY). The handler owns the socket from its
   * first byte written on: it writes the 101 itself and ends it. It may still throw a StatusError before that.
   */
  readonly upgrade?: { readonly socket: Duplex; readonly head: Buffer; readonly request: IncomingMessage }
}

/** An answer that is passed through. */
export interface ConnectReply {
  readonly code: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: AsyncIterable<Uint8Array>
}

/** Serves one subresource of one resource. After an upgrade: undefined, once the connection is over. */
export type ConnectHandler = (request: ConnectRequest) => Promise<ConnectReply | undefined>

/** Handlers by `resource/subresource`: `pods/log`, `pods/exec`, `nodes/proxy`. */
export type ConnectHandlers = Readonly<Record<string, ConnectHandler>>
