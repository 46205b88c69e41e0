/**
 * gRPC to the members of an etcd cluster: calls go to one member, and to the next when it cannot be reached. A member
 * that is gone without a word (power, network) is told by small questions it does not answer.
 */
import { fileURLToPath } from 'node:url'
import { type ClientDuplexStream, status } from '@grpc/grpc-js'
import { delay } from '../../base/clock.ts'
import { Proto } from '../../base/proto.ts'
import { type Credentials, Member, type Method } from './member.ts'

export interface EtcdOptions extends Credentials {
  /** `https://host:port` of each member. */
  readonly endpoints: readonly string[]
}

/** What a call is, for what to do when its member does not answer. */
export type CallKind = 'small read' | 'read' | 'write'

/** Milliseconds that a call may take in all; a member that lost its quorum does not answer at all. */
const timeout = 10_000
/** Milliseconds that a member may take to answer a small read; one that takes longer is left. */
const patience = 2_500
/** Milliseconds after which a write looks whether its member is there, and still follows the same leader. */
const suspicious = 1_500
/** Milliseconds that a call waits for any member to be connected: others may serve in the meantime, from elsewhere. */
const connecting = 2_000
/** Milliseconds between rounds over all members while none can be reached. */
const pause = 50

/** What a member answered that is no success: gRPC's code and etcd's own words. */
export class EtcdError extends Error {
  override readonly name = 'EtcdError'
  readonly code: number
  /** The call never left this process. */
  readonly unsent: boolean
  constructor(method: string, cause: unknown) {
    const { code = status.UNKNOWN, details } = cause as { code?: number; details?: string }
    super(`etcd ${method}: ${details || String(cause)}`, { cause })
    this.code = code
    this.unsent =
      code === status.UNAVAILABLE && /^(No connection established|Name resolution failed)/.test(details ?? '')
  }
  /** Nobody answered: whether the call happened is not known. */
  get unreachable(): boolean {
    // Of a lease without a quorum etcd 3.4 says that by the code of what it does not know.
    const inTime = !this.message.endsWith('context deadline exceeded')
    return !inTime || [status.UNAVAILABLE, status.DEADLINE_EXCEEDED, status.CANCELLED].includes(this.code)
  }
}

export class EtcdConnection {
  readonly #proto = new Proto(fileURLToPath(new URL('./etcd.proto', import.meta.url)))
  readonly #members: readonly Member[]
  readonly #methods = new Map<string, Method>()
  #current = 0
  #held: Promise<void> | undefined
  /** The newest term of a leader that an answer has shown. */
  #term = 0

  constructor({ endpoints, ...credentials }: EtcdOptions) {
    if (endpoints.length === 0) throw new Error('etcd: no endpoints are given')
    this.#members = endpoints.map(endpoint => new Member(endpoint, credentials))
  }

  /** Calls from now on show other credentials; those under way end as they began. */
  renew(credentials: Credentials): void {
    for (const member of this.#members) member.renew(credentials)
  }

  get held(): boolean {
    return this.#held !== undefined
  }

  /** Calls from now on wait, until they are released or for so many milliseconds: the member is about to be restarted. */
  hold(most: number): () => void {
    const { promise, resolve } = Promise.withResolvers<void>()
    const release = () => {
      if (this.#held !== promise) return
      clearTimeout(timer)
      this.#held = undefined
      for (const member of this.#members) member.reconnect()
      resolve()
    }
    const timer = setTimeout(release, most)
    this.#held = promise
    return release
  }

  #method(service: string, name: string): Method {
    const path = `/etcdserverpb.${service}/${name}`
    let method = this.#methods.get(path)
    if (!method) {
      const { request, answer } = this.#proto.services.get(`etcdserverpb.${service}`)!.get(name)!
      method = {
        path,
        serialize: message => this.#proto.encode(request, message),
        deserialize: bytes => this.#proto.decode(answer, bytes),
      }
      this.#methods.set(path, method)
    }
    return method
  }

  /** Resolves when a member can be reached, which is then the current one; rejects after `ms`. */
  async ready(ms: number): Promise<void> {
    const deadline = Date.now() + ms
    try {
      this.#current = await Promise.any(this.#members.map((member, i) => member.waitForReady(deadline).then(() => i)))
    } catch (cause) {
      throw new Error(`no etcd member could be reached within ${ms / 1000} s`, { cause })
    }
  }

  /** The current member; another one that is connected when it is not. */
  #member(): Member {
    if (!this.#members[this.#current]!.ready) {
      const connected = this.#members.findIndex(member => member.ready)
      if (connected >= 0) this.#current = connected
    }
    return this.#members[this.#current]!
  }

  #leave(member: Member): void {
    if (this.#members[this.#current] === member) this.turn()
  }

  /**
   * One question, one answer. Reads are asked again of the next member when one does not answer, writes only when they
   * did not leave this process.
   */
  async call<Answer>(service: string, name: string, request: object, kind: CallKind | boolean): Promise<Answer> {
    const what = kind === true ? 'read' : kind === false ? 'write' : kind
    while (this.#held) await this.#held
    const begun = Date.now()
    const end = begun + timeout
    for (let tries = 1; ; tries++) {
      const member = this.#member()
      try {
        return await this.#once<Answer>(member, service, name, request, what, end)
      } catch (cause) {
        const error = new EtcdError(name, cause)
        if (!error.unreachable) throw error
        const silent = error.code === status.DEADLINE_EXCEEDED && what === 'small read'
        if (silent && this.#members.length > 1) member.drop()
        this.#leave(member)
        if (what === 'write' && !error.unsent) throw error
        if (Date.now() >= (error.unsent ? begun + connecting : end)) throw error
        if (tries % this.#members.length === 0) await delay(pause)
      }
    }
  }

  async #once<Answer>(
    member: Member,
    service: string,
    name: string,
    request: object,
    kind: CallKind,
    end: number,
  ): Promise<Answer> {
    const limit = kind === 'small read' ? Math.min(end, Date.now() + patience) : end
    const { answer, cancel } = member.ask(this.#method(service, name), request, limit)
    const sentIn = this.#term
    const watchdog =
      kind === 'write' && service !== 'Maintenance'
        ? setTimeout(() => void this.#suspect(member, sentIn, cancel), suspicious)
        : undefined
    try {
      const value = (await answer) as Answer & { readonly header?: { readonly raftTerm: number } }
      const term = value.header?.raftTerm ?? 0
      if (term > this.#term) this.#term = term
      return value
    } finally {
      clearTimeout(watchdog)
    }
  }

  /** Gives a slow write up when its member is gone, or a leader has come who may never have got it. */
  async #suspect(member: Member, term: number, cancel: () => void): Promise<void> {
    const { answer } = member.ask(this.#method('Maintenance', 'Status'), {}, Date.now() + 1_000)
    try {
      const { header } = (await answer) as { readonly header: { readonly raftTerm: number } }
      if (header.raftTerm > term) cancel()
    } catch {
      cancel()
      if (this.#members.length > 1) member.drop()
    }
  }

  /** A stream both ways to the current member. */
  duplex(service: string, name: string): ClientDuplexStream<object, object> {
    return this.#member().duplex(this.#method(service, name))
  }

  /** What a member streams in answer to one question. */
  async *stream<Answer>(service: string, name: string, request: object): AsyncIterable<Answer> {
    try {
      for await (const answer of this.#member().stream(this.#method(service, name), request)) yield answer as Answer
    } catch (error) {
      throw new EtcdError(name, error)
    }
  }

  /** The current member is not to be trusted: calls and streams go to the next. */
  turn(): void {
    this.#current = (this.#current + 1) % this.#members.length
  }

  close(): void {
    for (const member of this.#members) member.close()
  }
}
