import { randomInt } from 'node:crypto'

/** Tries at random before looking for a free one in order. */
const guesses = 8

/** Which values of a range are in use: by stored objects, and by writes under way. */
export class Allocator<Value> {
  readonly #size: number
  readonly #dynamic: number
  readonly #at: (offset: number) => Value
  readonly #used = new Map<Value, number>()

  constructor(range: { readonly size: number; readonly dynamic: number; readonly at: (offset: number) => Value }) {
    this.#size = range.size
    this.#dynamic = range.dynamic
    this.#at = range.at
  }

  isUsed(value: Value): boolean {
    return this.#used.has(value)
  }

  use(value: Value): void {
    this.#used.set(value, (this.#used.get(value) ?? 0) + 1)
  }

  release(value: Value): void {
    const left = (this.#used.get(value) ?? 0) - 1
    if (left > 0) this.#used.set(value, left)
    else this.#used.delete(value)
  }

  clear(): void {
    this.#used.clear()
  }

  /** Takes a free value, from the dynamic part while there is one; undefined: the range is full. */
  next(): Value | undefined {
    for (let i = 0; i < guesses; i += 1) {
      const value = this.#at(randomInt(this.#dynamic, this.#size))
      if (!this.#used.has(value)) return this.#take(value)
    }
    for (let i = 0; i < this.#size; i += 1) {
      const value = this.#at((this.#dynamic + i) % this.#size)
      if (!this.#used.has(value)) return this.#take(value)
    }
    return undefined
  }

  #take(value: Value): Value {
    this.use(value)
    return value
  }
}
