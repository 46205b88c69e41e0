/** gRPC to the members of an etcd cluster: calls go to one member, and to the next when it cannot be reached. */

import { fileURLToPath } from 'node:url'
import { Client, type ClientDuplexStream, credentials, status } from '@grpc/grpc-js'
import { Proto } from '../../base/proto.ts'

export interface EtcdOptions {
  /** `https://host:port` of each member. */
  readonly endpoints: readonly string[]
  /** PEM; without them, plain text (http:// endpoints). */
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

/** Milliseconds that a call may take; a member that lost its quorum does not answer at all. */
const timeout = 10_000
const largestMessage = 64 << 20

/** What a member answered that is no success: gRPC's code and etcd's own words. */
export class EtcdError extends Error {
  override readonly name = 'EtcdError'
  readonly code: number
  constructor(method: string, cause: unknown) {
    const { code = status.UNKNOWN, details } = cause as { code?: number; details?: string }
    super(`etcd ${method}: ${details || String(cause)}`, { cause })
    this.code = code
  }
  /** Nobody answered: whether the call happened is not known. */
  get unreachable(): boolean {
    return this.code === status.UNAVAILABLE || this.code === status.DEADLINE_EXCEEDED
  }
}

export class EtcdConnection {
  readonly #proto = new Proto(fileURLToPath(new URL('./etcd.proto', import.meta.url)))
  readonly #endpoints: readonly string[]
  #clients: readonly Client[]
  #current = 0

  constructor(options: EtcdOptions) {
    this.#endpoints = options.endpoints
    if (options.endpoints.length === 0) throw new Error('etcd: no endpoints are given')
    this.#clients = this.#connect(options)
  }

  /** Calls from now on show other credentials; those under way end as they began. */
  renew(credentials: Omit<EtcdOptions, 'endpoints'>): void {
    const former = this.#clients
    this.#clients = this.#connect(credentials)
    for (const client of former) client.close()
  }

  #connect({ ca, cert, key }: Omit<EtcdOptions, 'endpoints'>): Client[] {
    const pem = (text: string | undefined) => (text === undefined ? null : Buffer.from(text))
    return this.#endpoints.map(endpoint => {
      const { protocol, host } = new URL(endpoint)
      const secure = protocol === 'https:'
      return new Client(
        host,
        secure ? credentials.createSsl(pem(ca), pem(key), pem(cert)) : credentials.createInsecure(),
        {
          'grpc.max_receive_message_length': largestMessage,
          'grpc.max_send_message_length': largestMessage,
          'grpc.keepalive_time_ms': 10_000,
          'grpc.keepalive_timeout_ms': 5_000,
          'grpc.initial_reconnect_backoff_ms': 100,
          'grpc.max_reconnect_backoff_ms': 2_000,
          'grpc.enable_channelz': 0,
        },
      )
    })
  }

  #method(service: string, name: string) {
    const full = `etcdserverpb.${service}`
    const { request, answer } = this.#proto.services.get(full)!.get(name)!
    return {
      path: `/${full}/${name}`,
      serialize: (message: object) => this.#proto.encode(request, message),
      deserialize: (bytes: Buffer): object => this.#proto.decode(answer, bytes),
    }
  }

  /** Resolves when a member can be reached, which is then the current one; rejects after `ms`. */
  async ready(ms: number): Promise<void> {
    const deadline = Date.now() + ms
    const waits = this.#clients.map(
      (client, i) =>
        new Promise<number>((resolve, reject) => {
          client.waitForReady(deadline, error => (error ? reject(error) : resolve(i)))
        }),
    )
    try {
      this.#current = await Promise.any(waits)
    } catch (cause) {
      throw new Error(`no etcd member could be reached within ${ms / 1000} s`, { cause })
    }
  }

  /** One question, one answer. `again`: may be asked of another member when this one cannot be reached. */
  async call<Answer>(service: string, name: string, request: object, again: boolean): Promise<Answer> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#once<Answer>(service, name, request)
      } catch (error) {
        if (!(error as EtcdError).unreachable) throw error
        this.#current = (this.#current + 1) % this.#clients.length
        if (!again || tries >= this.#clients.length) throw error
      }
    }
  }

  #once<Answer>(service: string, name: string, request: object): Promise<Answer> {
    const { path, serialize, deserialize } = this.#method(service, name)
    return new Promise((resolve, reject) => {
      this.#clients[this.#current]!.makeUnaryRequest(
        path,
        serialize,
        deserialize,
        request,
        { deadline: Date.now() + timeout },
        (error, answer) => (error ? reject(new EtcdError(name, error)) : resolve(answer as Answer)),
      )
    })
  }

  /** A stream both ways to the current member. */
  duplex(service: string, name: string): ClientDuplexStream<object, object> {
    const { path, serialize, deserialize } = this.#method(service, name)
    return this.#clients[this.#current]!.makeBidiStreamRequest(path, serialize, deserialize)
  }

  /** What a member streams in answer to one question. */
  async *stream<Answer>(service: string, name: string, request: object): AsyncIterable<Answer> {
    const { path, serialize, deserialize } = this.#method(service, name)
    const answers = this.#clients[this.#current]!.makeServerStreamRequest(path, serialize, deserialize, request)
    try {
      for await (const answer of answers) yield answer as Answer
    } catch (error) {
      throw new EtcdError(name, error)
    }
  }

  /** The current member is not to be trusted: streams go to the next. */
  turn(): void {
    this.#current = (this.#current + 1) % this.#clients.length
  }

  close(): void {
    for (const client of this.#clients) client.close()
  }
}
