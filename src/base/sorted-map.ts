/**
 * Keys in order (by UTF-16 code units, the same as bytes for ASCII), each with a value. Kept as a list of short sorted arrays:
 * insert and delete move a few hundred pointers at most, a scan runs through plain arrays, and counting adds array lengths.
 */
export class SortedMap<Value> {
  #chunks: Chunk<Value>[] = []
  #size = 0

  get size(): number {
    return this.#size
  }

  set(key: string, value: Value): void {
    if (this.#chunks.length === 0) this.#chunks.push({ keys: [], values: [] })
    const at = Math.min(this.#chunkOf(key), this.#chunks.length - 1)
    const chunk = this.#chunks[at]!
    const index = lowerBound(chunk.keys, key)
    if (chunk.keys[index] === key) {
      chunk.values[index] = value
      return
    }
    chunk.keys.splice(index, 0, key)
    chunk.values.splice(index, 0, value)
    this.#size += 1
    if (chunk.keys.length > chunkLimit) this.#split(at)
  }

  delete(key: string): boolean {
    const at = this.#chunkOf(key)
    const chunk = this.#chunks[at]
    if (!chunk) return false
    const index = lowerBound(chunk.keys, key)
    if (chunk.keys[index] !== key) return false
    chunk.keys.splice(index, 1)
    chunk.values.splice(index, 1)
    if (chunk.keys.length === 0) this.#chunks.splice(at, 1)
    this.#size -= 1
    return true
  }

  /** Visits start <= key < end in order until `visit` answers false. An absent `end` means to the last key. */
  scan(start: string, end: string | undefined, visit: (value: Value, key: string) => boolean): void {
    for (let at = this.#chunkOf(start), first = true; at < this.#chunks.length; at += 1, first = false) {
      const { keys, values } = this.#chunks[at]!
      for (let i = first ? lowerBound(keys, start) : 0; i < keys.length; i += 1) {
        const key = keys[i]!
        if ((end !== undefined && key >= end) || !visit(values[i]!, key)) return
      }
    }
  }

  /** How many keys there are with start <= key < end. */
  count(start: string, end: string | undefined): number {
    const from = this.#rank(start)
    return Math.max(0, (end === undefined ? this.#size : this.#rank(end)) - from)
  }

  #rank(key: string): number {
    const at = this.#chunkOf(key)
    let rank = 0
    for (let i = 0; i < at; i += 1) rank += this.#chunks[i]!.keys.length
    const chunk = this.#chunks[at]
    return chunk ? rank + lowerBound(chunk.keys, key) : rank
  }

  /** Index of the first chunk whose last key is not below `key`. */
  #chunkOf(key: string): number {
    let low = 0
    let high = this.#chunks.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#chunks[middle]!.keys.at(-1)! < key) low = middle + 1
      else high = middle
    }
    return low
  }

  #split(at: number): void {
    const { keys, values } = this.#chunks[at]!
    // Keys that arrive in order only ever append: leave the left part nearly full then, not half empty.
    const cut = at === this.#chunks.length - 1 ? chunkLimit - 64 : chunkLimit >>> 1
    this.#chunks.splice(at + 1, 0, { keys: keys.splice(cut), values: values.splice(cut) })
  }
}

/** The first key after every key that starts with `prefix`; undefined when there is none (an empty prefix). */
export function prefixEnd(prefix: string): string | undefined {
  for (let last = prefix.length - 1; last >= 0; last -= 1) {
    const unit = prefix.charCodeAt(last)
    if (unit < 0xffff) return prefix.slice(0, last) + String.fromCharCode(unit + 1)
  }
  return undefined
}

interface Chunk<Value> {
  keys: string[]
  values: Value[]
}

const chunkLimit = 512

function lowerBound(keys: readonly string[], key: string): number {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (keys[middle]! < key) low = middle + 1
    else high = middle
  }
  return low
}
