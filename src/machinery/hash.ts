import { nameAlphabet } from './namer.ts'

/**
 * A short hash of any JSON value, in the alphabet of generated names: the value of labels like pod-template-hash. It
 * does not depend on the order of keys. It cannot equal upstream's, which hashes a dump of Go's memory.
 */
export function shortHash(value: unknown, salt = ''): string {
  let hash = 0x811c9dc5
  const text = canonical(value) + salt
  for (let i = 0; i < text.length; i++) {
    hash ^= text.charCodeAt(i)
    hash = Math.imul(hash, 0x01000193)
  }
  const digits = String(hash >>> 0)
  return Array.from(digits, digit => nameAlphabet[digit.charCodeAt(0) % nameAlphabet.length]).join('')
}

/** JSON with sorted keys and without what is undefined. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part
    const object = part as Record<string, unknown>
    return Object.fromEntries(
      Object.keys(object)
        .sort()
        .map(key => [key, object[key]]),
    )
  })
}
