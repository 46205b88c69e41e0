/** Any JSON object, while its kind does not matter. */
export type JsonObject = Record<string, unknown>

/** Makes a value from JSON and everything below it unchangeable; stops where it is already. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  Object.freeze(value)
  if (Array.isArray(value)) for (const element of value) deepFreeze(element)
  else for (const key in value) deepFreeze(value[key])
  return value
}

/** A copy of a JSON value that may be changed. Absent (undefined) fields are left out. */
export function deepCopy<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(deepCopy) as T
  const copy: JsonObject = {}
  for (const key of Object.keys(value)) {
    const field = (value as JsonObject)[key]
    if (field === undefined) continue
    const copied = typeof field === 'object' ? deepCopy(field) : field
    // A plain assignment would set the prototype instead.
    if (key === '__proto__') Object.defineProperty(copy, key, { value: copied, enumerable: true, writable: true })
    else copy[key] = copied
  }
  return copy as T
}

/** Whether two JSON values are the same; an absent field and one that is undefined are alike. */
export function deepEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((element, i) => deepEqual(element, b[i]))
  }
  if (Array.isArray(b)) return false
  const left = a as JsonObject
  const right = b as JsonObject
  for (const key of Object.keys(left)) if (!deepEqual(left[key], right[key])) return false
  for (const key of Object.keys(right)) if (right[key] !== undefined && left[key] === undefined) return false
  return true
}

/** The value at a dotted path. */
export function at(object: unknown, path: string): unknown {
  let value = object
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined
    value = (value as JsonObject)[name]
  }
  return value
}
