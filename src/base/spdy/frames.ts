/** The bytes of SPDY/3.1: eight bytes of head, then control frames whole and data frames in the pieces they come in. */

export const frameType = {
  synStream: 1,
  synReply: 2,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  headers: 8,
  windowUpdate: 9,
} as const

export const flagFin = 1

/** Setting number 7: how many bytes a stream may be sent before it says it has room again. */
export const initialWindowSetting = 7

/** Stream error codes of RST_STREAM. */
export const resetStatus = { protocolError: 1, refusedStream: 3, cancel: 5, flowControlError: 7 } as const

export type Frame =
  | { readonly kind: 'control'; readonly type: number; readonly flags: number; readonly body: Buffer }
  /** A piece of a data frame; `fin` only with the last piece of the last frame. */
  | { readonly kind: 'data'; readonly stream: number; readonly bytes: Buffer; readonly fin: boolean }

const largestControl = 64 << 10

/** A control frame, ready to write. */
export function controlFrame(type: number, body: Buffer, flags = 0): Buffer {
  const frame = Buffer.allocUnsafe(8 + body.length)
  frame.writeUInt16BE(0x8003, 0)
  frame.writeUInt16BE(type, 2)
  frame.writeUInt32BE(body.length, 4)
  frame[4] = flags
  body.copy(frame, 8)
  return frame
}

/** A control frame of 32 bit numbers only, as most are. */
export function numbersFrame(type: number, ...numbers: readonly number[]): Buffer {
  return controlFrame(type, numbersOf(numbers))
}

/** Big-endian 32 bit numbers. */
export function numbersOf(numbers: readonly number[]): Buffer {
  const body = Buffer.allocUnsafe(4 * numbers.length)
  for (const [i, number] of numbers.entries()) body.writeUInt32BE(number >>> 0, 4 * i)
  return body
}

/** The head of a data frame; the bytes follow it on the wire. */
export function dataHead(stream: number, length: number, fin: boolean): Buffer {
  const head = Buffer.allocUnsafe(8)
  head.writeUInt32BE(stream, 0)
  head.writeUInt32BE(length, 4)
  head[4] = fin ? flagFin : 0
  return head
}

/** Cuts a stream of bytes into frames. Throws when they are no SPDY/3 or a control frame is too large. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0)
  /** What is still to come of a data frame. */
  #data: { stream: number; left: number; fin: boolean } | undefined;

  *read(bytes: Buffer): Iterable<Frame> {
    this.#rest = this.#rest.length ? Buffer.concat([this.#rest, bytes]) : bytes
    for (;;) {
      const frame = this.#data ? this.#piece() : this.#next()
      if (!frame) return
      yield frame
    }
  }

  #take(length: number): Buffer {
    const taken = this.#rest.subarray(0, length)
    this.#rest = this.#rest.subarray(length)
    return taken
  }

  #piece(): Frame | undefined {
    const data = this.#data!
    if (this.#rest.length === 0) return undefined
    const bytes = this.#take(data.left)
    data.left -= bytes.length
    if (data.left === 0) this.#data = undefined
    return { kind: 'data', stream: data.stream, bytes, fin: data.fin && data.left === 0 }
  }

  #next(): Frame | undefined {
    if (this.#rest.length < 8) return undefined
    const first = this.#rest.readUInt32BE(0)
    const flags = this.#rest[4]!
    const length = this.#rest.readUIntBE(5, 3)
    if (first < 0x80000000) {
      this.#take(8)
      const fin = (flags & flagFin) !== 0
      if (length === 0) return { kind: 'data', stream: first, bytes: Buffer.alloc(0), fin }
      this.#data = { stream: first, left: length, fin }
      return this.#piece()
    }
    if (first >>> 16 !== 0x8003) throw new Error(`not SPDY/3: frame begins with ${first.toString(16)}`)
    if (length > largestControl) throw new Error(`control frame of ${length} bytes is too large`)
    if (this.#rest.length < 8 + length) return undefined
    this.#take(8)
    return { kind: 'control', type: first & 0xffff, flags, body: this.#take(length) }
  }
}
