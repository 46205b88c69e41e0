/**
 * One SPDY/3.1 connection over a socket that was upgraded, either side. Bounded: a stream that nobody reads stops its
 * sender by its window, or the whole socket with the senders that know no windows (Kubernetes' Go library is one).
 */
import type { Duplex } from 'node:stream'
import {
  controlFrame,
  dataHead,
  type Frame,
  FrameReader,
  flagFin,
  frameType,
  initialWindowSetting,
  numbersFrame,
  numbersOf,
  resetStatus,
} from './frames.ts'
import { HeaderDecoder, HeaderEncoder, type Headers } from './headers.ts'
import { initialWindow, SpdyStream, type StreamWire } from './stream.ts'

export interface SpdyOptions {
  /** Servers open streams with even numbers. */
  readonly server: boolean
  /** Bytes that came together with the upgrade. */
  readonly head?: Uint8Array
  /** The other side opened a stream. Throw to refuse it; else it is accepted. Absent: all are refused. */
  readonly onStream?: (stream: SpdyStream, headers: Headers) => void
  readonly maxStreams?: number
}

const defaultMaxStreams = 1000
/** More than a peer that minds our windows can have on its way. */
const mostWaiting = 4 * initialWindow
const largestData = 16 << 10

interface Opening {
  readonly stream: SpdyStream
  readonly resolve: (stream: SpdyStream) => void
  readonly reject: (error: Error) => void
}

export class SpdyConnection {
  /** Resolves when the connection is over; the error that ended it, if one did. */
  readonly closed: Promise<Error | undefined>
  readonly #socket: Duplex
  readonly #options: SpdyOptions
  readonly #encoder = new HeaderEncoder()
  readonly #decoder = new HeaderDecoder()
  readonly #streams = new Map<number, SpdyStream>()
  readonly #opening = new Map<number, Opening>()
  readonly #wire: StreamWire
  #nextId: number
  #lastPeerId = 0
  #peerMindsWindows = false
  #peerStreamWindow = initialWindow
  #sessionWindow = initialWindow
  #sessionTaken = 0
  #goingAway = false
  #room: { promise: Promise<void>; resolve: () => void } | undefined

  constructor(socket: Duplex, options: SpdyOptions) {
    this.#socket = socket
    this.#options = options
    this.#nextId = options.server ? 2 : 1
    this.#wire = {
      send: (stream, bytes) => this.#send(stream, bytes),
      sendFin: stream => {
        this.#write(dataHead(stream.id, 0, true))
        this.#forgetIfOver(stream)
      },
      sendReset: stream => {
        this.#write(numbersFrame(frameType.rstStream, stream.id, resetStatus.cancel))
        this.#streams.delete(stream.id)
        this.#makeRoom()
      },
      taken: (stream, bytes) => {
        if (!stream.over) this.#write(numbersFrame(frameType.windowUpdate, stream.id, bytes))
        this.#makeRoom()
      },
      drained: done => {
        if (socket.writableNeedDrain) socket.once('drain', done)
        else done()
      },
    }
    socket.setMaxListeners(0)
    if (options.head?.length) socket.unshift(Buffer.from(options.head))
    this.#write(controlFrame(frameType.settings, numbersOf([1, initialWindowSetting, initialWindow])))
    this.closed = this.#receive()
  }

  /** Opens a stream; resolves when the other side accepts it, rejects when it refuses or the connection ends. */
  open(headers: Headers): Promise<SpdyStream> {
    return new Promise((resolve, reject) => {
      if (this.#goingAway || this.#socket.destroyed) return reject(new Error('the SPDY connection is closed'))
      const id = this.#nextId
      this.#nextId += 2
      const stream = new SpdyStream({ id, headers, wire: this.#wire, window: this.#peerStreamWindow })
      this.#streams.set(id, stream)
      this.#opening.set(id, { stream, resolve, reject })
      const body = Buffer.concat([numbersOf([id, 0]), Buffer.alloc(2), this.#encoder.encode(headers)])
      this.#write(controlFrame(frameType.synStream, body))
    })
  }

  /** Says goodbye and ends the socket; streams that are open end. */
  close(): void {
    if (this.#socket.destroyed || this.#goingAway) return
    this.#goingAway = true
    this.#write(numbersFrame(frameType.goAway, this.#lastPeerId, 0))
    this.#socket.end()
    this.#endStreams()
    this.#makeRoom()
    // Nothing more is wanted of the other side, which may not hang up by itself.
    this.#socket.resume()
    this.#socket.once('finish', () => this.#socket.destroy())
  }

  /** Breaks the connection off. */
  destroy(error?: Error): void {
    this.#socket.destroy(error)
  }

  async #receive(): Promise<Error | undefined> {
    const reader = new FrameReader()
    let failure: Error | undefined
    this.#socket.on('error', () => {})
    try {
      for await (const bytes of this.#socket) {
        for (const frame of reader.read(bytes as Buffer)) {
          await this.#frame(frame)
          if (this.#room) await this.#room.promise
        }
      }
    } catch (error) {
      if (!this.#goingAway) failure = error as Error
    }
    this.#goingAway = true
    this.#socket.destroy()
    this.#decoder.close()
    this.#endStreams(failure)
    return failure
  }

  #endStreams(cause?: Error): void {
    for (const { reject } of this.#opening.values()) reject(new Error('the SPDY connection ended', { cause }))
    this.#opening.clear()
    for (const stream of this.#streams.values()) stream.receiveReset()
    this.#streams.clear()
  }

  #write(bytes: Buffer): void {
    if (this.#socket.writable) this.#socket.write(bytes)
  }

  #send(stream: SpdyStream, bytes: Buffer): number {
    const window = this.#peerMindsWindows ? Math.min(stream.sendWindow, this.#sessionWindow) : bytes.length
    const length = Math.max(0, Math.min(window, bytes.length))
    for (let at = 0; at < length; at += largestData) {
      const piece = bytes.subarray(at, Math.min(length, at + largestData))
      this.#write(dataHead(stream.id, piece.length, false))
      this.#write(piece)
    }
    stream.sendWindow -= length
    this.#sessionWindow -= length
    return length
  }

  #makeRoom(): void {
    if (!this.#room || [...this.#streams.values()].some(s => s.waiting > mostWaiting)) return
    this.#room.resolve()
    this.#room = undefined
  }

  #forgetIfOver(stream: SpdyStream): void {
    if (stream.over) this.#streams.delete(stream.id)
  }

  async #frame(frame: Frame): Promise<void> {
    if (frame.kind === 'data') return this.#data(frame.stream, frame.bytes, frame.fin)
    const { type, flags, body } = frame
    if (type === frameType.synStream) return this.#peerOpens(body, (flags & flagFin) !== 0)
    if (type === frameType.synReply || type === frameType.headers) {
      await this.#decoder.decode(body.subarray(4))
      return this.#replied(idAt(body, 0), (flags & flagFin) !== 0)
    }
    if (type === frameType.rstStream) return this.#resetByPeer(idAt(body, 0), body.readUInt32BE(4))
    if (type === frameType.ping) return this.#ping(body)
    if (type === frameType.settings) return this.#settings(body)
    if (type === frameType.windowUpdate) return this.#windowUpdate(idAt(body, 0), idAt(body, 4))
    if (type === frameType.goAway) this.#goingAway = true
  }

  #data(id: number, bytes: Buffer, fin: boolean): void {
    this.#sessionTaken += bytes.length
    if (this.#sessionTaken >= initialWindow / 2) {
      // The session's window only repeats the streams' own: give it back at once.
      this.#write(numbersFrame(frameType.windowUpdate, 0, this.#sessionTaken))
      this.#sessionTaken = 0
    }
    const stream = this.#streams.get(id)
    if (!stream) return
    stream.receive(bytes, fin)
    this.#forgetIfOver(stream)
    if (stream.waiting > mostWaiting) this.#room ??= Promise.withResolvers()
  }

  async #peerOpens(body: Buffer, fin: boolean): Promise<void> {
    const id = idAt(body, 0)
    const headers = await this.#decoder.decode(body.subarray(10))
    const wrongSide = id % 2 === (this.#options.server ? 0 : 1)
    if (wrongSide || id <= this.#lastPeerId) return this.#refuse(id, resetStatus.protocolError)
    this.#lastPeerId = id
    const { onStream, maxStreams = defaultMaxStreams } = this.#options
    if (!onStream || this.#goingAway || this.#streams.size >= maxStreams)
      return this.#refuse(id, resetStatus.refusedStream)
    const stream = new SpdyStream({ id, headers, wire: this.#wire, window: this.#peerStreamWindow })
    this.#streams.set(id, stream)
    // The reply goes first: Go's library drops data of a stream that has none.
    this.#write(controlFrame(frameType.synReply, Buffer.concat([numbersOf([id]), this.#encoder.encode({})])))
    try {
      onStream(stream, headers)
    } catch {
      stream.destroy()
      return
    }
    if (fin) stream.receive(Buffer.alloc(0), true)
  }

  #refuse(id: number, status: number): void {
    this.#write(numbersFrame(frameType.rstStream, id, status))
  }

  #replied(id: number, fin: boolean): void {
    const opening = this.#opening.get(id)
    if (opening) {
      this.#opening.delete(id)
      opening.resolve(opening.stream)
    }
    if (fin) this.#data(id, Buffer.alloc(0), true)
  }

  #resetByPeer(id: number, status: number): void {
    const opening = this.#opening.get(id)
    this.#opening.delete(id)
    opening?.reject(new Error(`the stream was refused (SPDY status ${status})`))
    this.#streams.get(id)?.receiveReset()
    this.#streams.delete(id)
    this.#makeRoom()
  }

  #ping(body: Buffer): void {
    const ours = body.readUInt32BE(0) % 2 === (this.#options.server ? 0 : 1)
    if (!ours) this.#write(controlFrame(frameType.ping, body))
  }

  #settings(body: Buffer): void {
    for (let at = 4; at + 8 <= body.length; at += 8) {
      if (body.readUIntBE(at + 1, 3) !== initialWindowSetting) continue
      const window = idAt(body, at + 4)
      for (const stream of this.#streams.values()) stream.sendWindow += window - this.#peerStreamWindow
      this.#peerStreamWindow = window
      this.#peerMindsWindows = true
    }
    this.#resumeSending()
  }

  #windowUpdate(id: number, bytes: number): void {
    this.#peerMindsWindows = true
    if (id === 0) this.#sessionWindow += bytes
    const stream = this.#streams.get(id)
    if (stream) stream.sendWindow += bytes
    this.#resumeSending()
  }

  #resumeSending(): void {
    for (const stream of this.#streams.values()) stream.resumeSending()
  }
}

/** A 31 bit number. */
function idAt(body: Buffer, at: number): number {
  return body.readUInt32BE(at) & 0x7fffffff
}

/** Speaks SPDY over a socket whose HTTP upgrade is done. */
export function spdyConnect(socket: Duplex, options: SpdyOptions): SpdyConnection {
  return new SpdyConnection(socket, options)
}
