/** Exponential back-off per key: `first`, doubled at each failure, never above `most` (milliseconds). */
export class Backoff<Key> {
  readonly #first: number
  readonly #most: number
  readonly #failures = new Map<Key, number>()

  constructor(options: { readonly first: number; readonly most: number }) {
    this.#first = options.first
    this.#most = options.most
  }

  /** Counts a failure and says how long to wait now. */
  next(key: Key): number {
    const failures = this.#failures.get(key) ?? 0
    this.#failures.set(key, failures + 1)
    return Math.min(this.#most, this.#first * 2 ** Math.min(failures, 40))
  }

  failures(key: Key): number {
    return this.#failures.get(key) ?? 0
  }

  forget(key: Key): void {
    this.#failures.delete(key)
  }
}
