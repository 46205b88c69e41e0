/**
 * Header blocks: counted names and values in one zlib stream per direction and connection. Ours are written as stored
 * blocks, which every inflater reads: a handful of short headers is not worth a compressor's memory.
 */
import { constants, createInflate, type Inflate } from 'node:zlib'
import { headerDictionary } from './dictionary.ts'
import { numbersOf } from './frames.ts'

export type Headers = Readonly<Record<string, string>>

const mostInflated = 256 << 10

/** Ends each header as a sync flush does: Go's inflater hands out a stored block only when the next one begins. */
const emptyBlock = Buffer.from([0, 0, 0, 0xff, 0xff])

/** The sending side of one connection. Call it once per frame, in the order of sending. */
export class HeaderEncoder {
  #started = false

  encode(headers: Headers): Buffer {
    const entries = Object.entries(headers)
    const parts = [numbersOf([entries.length])]
    for (const text of entries.flatMap(([name, value]) => [name.toLowerCase(), value])) {
      const bytes = Buffer.from(text)
      parts.push(numbersOf([bytes.length]), bytes)
    }
    const block = Buffer.concat(parts)
    if (block.length > 0xffff) throw new Error(`headers of ${block.length} bytes are too large`)
    const head = Buffer.alloc(5)
    head.writeUInt16LE(block.length, 1)
    head.writeUInt16LE(~block.length & 0xffff, 3)
    const start = this.#started ? Buffer.alloc(0) : Buffer.from([0x78, 0x01])
    this.#started = true
    return Buffer.concat([start, head, block, emptyBlock])
  }
}

/** The receiving side of one connection: blocks must be decoded one after the other. */
export class HeaderDecoder {
  readonly #inflate: Inflate
  #failed: ((error: Error) => void) | undefined

  constructor() {
    // Nothing reads while a block is inflated, so the limit below is where inflating stops.
    const options = { dictionary: headerDictionary, flush: constants.Z_SYNC_FLUSH, readableHighWaterMark: mostInflated }
    this.#inflate = createInflate(options)
    this.#inflate.on('error', error => this.#failed?.(error))
  }

  decode(block: Buffer): Promise<Headers> {
    return new Promise((resolve, reject) => {
      this.#failed = reject
      const full = () => {
        if (this.#inflate.readableLength >= mostInflated) reject(new Error('headers are too large'))
      }
      this.#inflate.on('readable', full)
      this.#inflate.write(block, () => {
        this.#inflate.off('readable', full)
        try {
          resolve(parse(this.#inflate.read() ?? Buffer.alloc(0)))
        } catch (cause) {
          reject(new Error('headers are damaged', { cause }))
        }
      })
    })
  }

  close(): void {
    this.#inflate.destroy()
  }
}

function parse(block: Buffer): Headers {
  let at = 0
  const number = () => block.readUInt32BE((at += 4) - 4)
  const text = () => {
    const length = number()
    if (at + length > block.length) throw new RangeError(`${length} bytes are announced, fewer came`)
    return block.toString('utf8', at, (at += length))
  }
  const headers: Record<string, string> = Object.create(null)
  for (let left = number(); left > 0; left--) {
    const name = text().toLowerCase()
    headers[name] = text()
  }
  return headers
}
