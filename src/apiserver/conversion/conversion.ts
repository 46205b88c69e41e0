import type { JsonObject } from '../cache/json.ts'

/** How the objects of one version are those of another. Neither direction changes its argument. */
export interface Conversion {
  fromStored(stored: JsonObject): JsonObject
  /** `old`: what is stored now, for what the version cannot say. */
  toStored(object: JsonObject, old: JsonObject | undefined): JsonObject
  /** Field selectors of this version whose stored name is another. */
  readonly fields: Readonly<Record<string, string>>
}

/** The object with fields under other names; [stored, here] each. */
export function renamed(object: JsonObject, names: readonly (readonly [from: string, to: string])[]): JsonObject {
  const map = new Map(names)
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [map.get(name) ?? name, value]))
}
