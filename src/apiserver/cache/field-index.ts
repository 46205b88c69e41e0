import type { KubernetesObject } from '../../api/group-version.ts'
import type { Entry } from './entry.ts'

/** Entries by the values that `of` finds in their objects: label pairs, node names. */
export class FieldIndex {
  readonly #of: (object: KubernetesObject) => readonly string[]
  readonly #entries = new Map<string, Map<string, Entry>>()

  constructor(of: (object: KubernetesObject) => readonly string[]) {
    this.#of = of
  }

  replace(old: Entry | undefined, now: Entry | undefined): void {
    for (const value of old ? this.#of(old.object) : []) {
      const held = this.#entries.get(value)
      held?.delete(old!.key)
      if (held?.size === 0) this.#entries.delete(value)
    }
    for (const value of now ? this.#of(now.object) : []) {
      const held = this.#entries.get(value)
      if (held) held.set(now!.key, now!)
      else this.#entries.set(value, new Map([[now!.key, now!]]))
    }
  }

  /** How many entries have the value. */
  count(value: string): number {
    return this.#entries.get(value)?.size ?? 0
  }

  /** Entries with the value, by key. */
  get(value: string): Entry[] {
    return [...(this.#entries.get(value)?.values() ?? [])].sort((a, b) => (a.key < b.key ? -1 : 1))
  }
}

/** A label as the label index has it. */
export const labelPair = (key: string, value: string) => `${key}=${value}`

/** All labels of an object, as pairs. */
export function labelPairs(object: KubernetesObject): readonly string[] {
  const labels = object.metadata.labels
  return labels ? Object.entries(labels).map(([key, value]) => labelPair(key, value)) : []
}
