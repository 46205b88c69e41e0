import { once } from 'node:events'
import { connect, type TLSSocket } from 'node:tls'

export interface ConnectionOptions {
  readonly url: string
  readonly ca: string
  readonly cert: string
  readonly key: string
}

export interface Answer {
  readonly code: number
  readonly body: Buffer
}

export interface Ask {
  readonly method?: string
  readonly path: string
  readonly body?: unknown
  readonly type?: string
}

const headEnd = Buffer.from('\r\n\r\n')

/**
 * One kept-alive HTTPS connection with one request under way at a time. It does as little as possible, so that the
 * server and not the load generator is measured. Answers must say their length.
 */
export class Connection {
  readonly #socket: TLSSocket
  readonly #host: string
  #waiting: { resolve(answer: Answer): void; reject(error: Error): void } | undefined
  #parts: Buffer[] = []
  #have = 0
  /** Of the answer that is arriving: where its body begins, and its whole size. */
  #head: { code: number; from: number; size: number } | undefined

  private constructor(socket: TLSSocket, host: string) {
    this.#socket = socket
    this.#host = host
    socket.setNoDelay(true)
    socket.on('data', (bytes: Buffer) => this.#hear(bytes))
    socket.on('error', error => this.#fail(error))
    socket.on('close', () => this.#fail(new Error('the server closed the connection')))
  }

  static async open({ url, ca, cert, key }: ConnectionOptions): Promise<Connection> {
    const { hostname, port, host } = new URL(url)
    const socket = connect({ host: hostname, port: Number(port), ca, cert, key, ALPNProtocols: ['http/1.1'] })
    await once(socket, 'secureConnect')
    return new Connection(socket, host)
  }

  /** Sends a request and resolves to its answer; rejects when that is not a success. */
  async ask({ method = 'GET', path, body, type = 'application/json' }: Ask): Promise<Answer> {
    const text = body === undefined ? '' : JSON.stringify(body)
    const about = text && `content-type: ${type}\r\ncontent-length: ${Buffer.byteLength(text)}\r\n`
    const answer = new Promise<Answer>((resolve, reject) => (this.#waiting = { resolve, reject }))
    this.#socket.write(
      `${method} ${path} HTTP/1.1\r\nhost: ${this.#host}\r\naccept: application/json\r\n${about}\r\n${text}`,
    )
    const { code, body: said } = await answer
    if (code >= 300) throw new Error(`${method} ${path}: ${code} ${said.toString().slice(0, 500)}`)
    return { code, body: said }
  }

  close(): void {
    this.#waiting = undefined
    this.#socket.destroy()
  }

  #hear(bytes: Buffer): void {
    this.#parts.push(bytes)
    this.#have += bytes.length
    this.#head ??= this.#readHead()
    if (!this.#head || this.#have < this.#head.size) return
    const { code, from, size } = this.#head
    const all = this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts)
    this.#parts = []
    this.#have = 0
    this.#head = undefined
    this.#waiting?.resolve({ code, body: all.subarray(from, size) })
  }

  #readHead(): { code: number; from: number; size: number } | undefined {
    const all = Buffer.concat(this.#parts)
    const end = all.indexOf(headEnd)
    if (end < 0) return undefined
    const head = all.toString('latin1', 0, end)
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
    if (length === undefined) this.#fail(new Error(`an answer without its length: ${head}`))
    const from = end + headEnd.length
    return { code: Number(head.slice(9, 12)), from, size: from + Number(length) }
  }

  #fail(error: Error): void {
    this.#waiting?.reject(error)
    this.#waiting = undefined
  }
}
