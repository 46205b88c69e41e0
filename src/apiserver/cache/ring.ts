/** The newest items of a stream, each with an increasing revision; the oldest fall out. */
export class Ring<Item extends { readonly revision: number }> {
  readonly #capacity: number
  #items: Item[] = []
  #first = 0
  #floor: number

  /** `floor`: everything after this revision will be added. */
  constructor(capacity: number, floor: number) {
    this.#capacity = capacity
    this.#floor = floor
  }

  /** All items after this revision are still here. */
  get floor(): number {
    return this.#floor
  }

  add(item: Item): void {
    if (this.#items.length < this.#capacity) {
      this.#items.push(item)
      return
    }
    this.#floor = this.#items[this.#first]!.revision
    this.#items[this.#first] = item
    this.#first = (this.#first + 1) % this.#capacity
  }

  /** Items after `revision`, in order. Only for revisions from the floor on. */
  after(revision: number): Item[] {
    const found: Item[] = []
    for (let i = this.#items.length - 1; i >= 0; i -= 1) {
      const item = this.#items[(this.#first + i) % this.#items.length]!
      if (item.revision <= revision) break
      found.push(item)
    }
    return found.reverse()
  }
}
