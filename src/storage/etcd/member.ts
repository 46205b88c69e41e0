/** The connection to one member of an etcd cluster, and what is under way on it. */
import { Client, type ClientDuplexStream, connectivityState, credentials, type ServiceError } from '@grpc/grpc-js'

export interface Credentials {
  /** PEM; without them, plain text (http:// endpoints). */
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

/** How messages of one method travel. */
export interface Method {
  readonly path: string
  readonly serialize: (message: object) => Buffer
  readonly deserialize: (bytes: Buffer) => object
}

const largestMessage = 64 << 20

export class Member {
  readonly endpoint: string
  #credentials: Credentials
  #client: Client
  readonly #open = new Set<{ cancel(): void }>()

  constructor(endpoint: string, credentials: Credentials) {
    this.endpoint = endpoint
    this.#credentials = credentials
    this.#client = connect(endpoint, credentials)
  }

  /** Calls from now on show other credentials; those under way end as they began. */
  renew(credentials: Credentials): void {
    this.#credentials = credentials
    this.#again()
  }

  /** Connects anew, at once: who it was may just have come back. */
  reconnect(): void {
    this.#again()
  }

  /** Ends everything that is under way: nobody is there any more. */
  drop(): void {
    for (const one of [...this.#open]) one.cancel()
    this.#open.clear()
    this.#again()
  }

  #again(): void {
    const former = this.#client
    this.#client = connect(this.endpoint, this.#credentials)
    former.close()
  }

  get ready(): boolean {
    return this.#client.getChannel().getConnectivityState(true) === connectivityState.READY
  }

  waitForReady(deadline: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#client.waitForReady(deadline, error => (error ? reject(error) : resolve()))
    })
  }

  /** One question, one answer; `cancel` ends waiting for it. */
  ask(
    method: Method,
    request: object,
    deadline: number,
  ): { readonly answer: Promise<object>; readonly cancel: () => void } {
    let cancel: () => void = () => undefined
    const answer = new Promise<object>((resolve, reject) => {
      const call = this.#client.makeUnaryRequest(
        method.path,
        method.serialize,
        method.deserialize,
        request,
        { deadline },
        (error: ServiceError | null, value?: object) => {
          this.#open.delete(call)
          if (error) reject(error)
          else resolve(value!)
        },
      )
      this.#open.add(call)
      cancel = () => call.cancel()
    })
    return { answer, cancel }
  }

  duplex({ path, serialize, deserialize }: Method): ClientDuplexStream<object, object> {
    const stream = this.#client.makeBidiStreamRequest(path, serialize, deserialize)
    this.#open.add(stream)
    const over = () => this.#open.delete(stream)
    stream.once('error', over).once('end', over).once('close', over)
    return stream
  }

  stream({ path, serialize, deserialize }: Method, request: object): AsyncIterable<unknown> {
    return this.#client.makeServerStreamRequest(path, serialize, deserialize, request)
  }

  close(): void {
    this.#client.close()
  }
}

function connect(endpoint: string, { ca, cert, key }: Credentials): Client {
  const pem = (text: string | undefined) => (text === undefined ? null : Buffer.from(text))
  const { protocol, host } = new URL(endpoint)
  const secure = protocol === 'https:'
  return new Client(host, secure ? credentials.createSsl(pem(ca), pem(key), pem(cert)) : credentials.createInsecure(), {
    'grpc.max_receive_message_length': largestMessage,
    'grpc.max_send_message_length': largestMessage,
    'grpc.keepalive_time_ms': 6_000,
    'grpc.keepalive_timeout_ms': 2_000,
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.min_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 1_000,
    'grpc.enable_channelz': 0,
    // Each member has a connection of its own, whatever others in the process do.
    'grpc.use_local_subchannel_pool': 1,
  })
}
