import type { WriteOptions } from '../storage.ts'

/** Rejects what is no key: a TypeError, because only a mistake in the program leads here. */
export function checkKey(key: string): void {
  if (typeof key !== 'string' || key === '') throw new TypeError('storage: a key must be a string that is not empty')
}

/** Revisions that can be asked for are whole numbers from 1 on; undefined passes. */
export function checkRevision(revision: number | undefined, name = 'revision'): number | undefined {
  if (revision !== undefined && !(Number.isSafeInteger(revision) && revision >= 1)) {
    throw new RangeError(`storage: ${name} must be a whole number above 0, not ${revision}`)
  }
  return revision
}

/** Rejects values and options that cannot be stored. */
export function checkWrite(value: Uint8Array, { expect, ttl }: WriteOptions): void {
  if (!(value instanceof Uint8Array)) throw new TypeError('storage: a value must be a Uint8Array')
  if (expect !== 0) checkRevision(expect, 'expect')
  if (ttl !== undefined && !(Number.isFinite(ttl) && ttl > 0))
    throw new RangeError(`storage: ttl must be a number of seconds above 0, not ${ttl}`)
}
