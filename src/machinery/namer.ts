import { randomInt } from 'node:crypto'

/** Letters and digits that spell no words and are not mistaken for one another. */
export const nameAlphabet = 'bcdfghjklmnpqrstvwxz2456789'

/** A random end for a generated name. */
export function randomSuffix(length = 5): string {
  let suffix = ''
  while (suffix.length < length) suffix += nameAlphabet[randomInt(nameAlphabet.length)]
  return suffix
}

const longestName = 63

/** A name from metadata.generateName: a long beginning is cut so that the whole stays a label. */
export function generatedName(beginning: string): string {
  return beginning.slice(0, longestName - 5) + randomSuffix()
}
