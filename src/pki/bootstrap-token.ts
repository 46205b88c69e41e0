import { randomInt } from 'node:crypto'

/** A bootstrap token: the public id and the secret. */
export interface BootstrapToken {
  readonly id: string
  readonly secret: string
}

const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789'

export function generateBootstrapToken(): BootstrapToken {
  const random = (length: number) => Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('')
  return { id: random(6), secret: random(16) }
}

/** As it is handed around: `abcdef.0123456789abcdef`. */
export function formatBootstrapToken({ id, secret }: BootstrapToken): string {
  return `${id}.${secret}`
}

/** Undefined when it does not have the form of one. */
export function parseBootstrapToken(token: string): BootstrapToken | undefined {
  const [, id, secret] = /^([a-z0-9]{6})\.([a-z0-9]{16})$/.exec(token) ?? []
  return id && secret ? { id, secret } : undefined
}

export function isBootstrapTokenId(id: string): boolean {
  return /^[a-z0-9]{6}$/.test(id)
}
