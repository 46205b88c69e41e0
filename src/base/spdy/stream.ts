/** One SPDY stream as a Duplex: `end()` sends FIN, FIN ends reading, a reset of the other side ends both. */
import { Duplex } from 'node:stream'
import type { Headers } from './headers.ts'

/** Room for a stream's bytes at the receiver, by the protocol. */
export const initialWindow = 64 << 10

/** What a stream needs of its connection. */
export interface StreamWire {
  /** Sends as much as the connection has room for now; answers how many bytes went out. */
  send(stream: SpdyStream, bytes: Buffer): number
  sendFin(stream: SpdyStream): void
  sendReset(stream: SpdyStream): void
  /** The reader took this many bytes. */
  taken(stream: SpdyStream, bytes: number): void
  /** Calls back when the socket takes more. */
  drained(done: () => void): void
}

export class SpdyStream extends Duplex {
  readonly id: number
  /** Those of SYN_STREAM, names in lower case. */
  readonly headers: Headers
  /** Bytes that may be sent before the other side says more; below 0 with peers that do no flow control. */
  sendWindow: number = initialWindow
  /** Bytes that came and that nobody took yet. */
  waiting = 0
  #finReceived = false
  #finSent = false
  #reset = false
  #pending: { bytes: Buffer; done: (error?: Error | null) => void } | undefined
  readonly #wire: StreamWire

  constructor(options: {
    readonly id: number
    readonly headers: Headers
    readonly wire: StreamWire
    readonly window: number
  }) {
    super({ allowHalfOpen: true, readableHighWaterMark: initialWindow, writableHighWaterMark: initialWindow })
    this.id = options.id
    this.headers = options.headers
    this.#wire = options.wire
    this.sendWindow = options.window
  }

  /** Both directions are over: the connection can forget it. */
  get over(): boolean {
    return this.#reset || (this.#finReceived && this.#finSent)
  }

  /** Called by the connection with what came. */
  receive(bytes: Buffer, fin: boolean): void {
    if (this.#finReceived || this.#reset) return
    if (bytes.length > 0) {
      this.waiting += bytes.length
      if (this.push(bytes)) this.#tell()
    }
    if (!fin) return
    this.#finReceived = true
    this.push(null)
  }

  /** Called by the connection: the other side wants no more of this, and sends no more. */
  receiveReset(): void {
    if (this.#reset) return
    this.#reset = true
    if (!this.#finReceived) this.push(null)
    const pending = this.#pending
    this.#pending = undefined
    pending?.done(new Error('the stream was reset by the other side'))
  }

  /** Called by the connection when there is room again. */
  resumeSending(): void {
    const pending = this.#pending
    if (!pending) return
    pending.bytes = pending.bytes.subarray(this.#wire.send(this, pending.bytes))
    if (pending.bytes.length > 0) return
    this.#pending = undefined
    this.#wire.drained(() => pending.done())
  }

  #tell(): void {
    const { waiting } = this
    this.waiting = 0
    if (waiting > 0) this.#wire.taken(this, waiting)
  }

  override _read(): void {
    this.#tell()
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#reset) {
      done(new Error('the stream was reset by the other side'))
      return
    }
    this.#pending = { bytes: chunk, done }
    this.resumeSending()
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#finSent = true
    if (!this.#reset) this.#wire.sendFin(this)
    done()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (!this.over) {
      this.#reset = true
      this.#wire.sendReset(this)
    }
    const pending = this.#pending
    this.#pending = undefined
    pending?.done(error ?? new Error('the stream was closed'))
    done(error)
  }
}
