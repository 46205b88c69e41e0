/** One file with the shared certificates and keys, locked with a passphrase: to carry from machine to machine by hand. */
import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto'

/** Names of files with their contents. */
export type Bundle = Readonly<Record<string, string>>

const firstLine = 'KOBUNE CERTIFICATES 1'
/** As much memory (64 MiB) and time as guessing passphrases should cost. Another cost is refused: it would be somebody else's choice. */
const cost = { N: 1 << 16, r: 8, p: 1, maxmem: 128 << 20 } as const
const cipher = 'aes-256-gcm'
const lengths = { salt: 16, nonce: 12, tag: 16, key: 32 } as const
/** Far more than all files together. */
const largest = 1 << 20

function keyOf(passphrase: string, salt: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(passphrase.normalize('NFKC'), salt, lengths.key, cost, (error, key) =>
      error ? reject(error) : resolve(key),
    )
  })
}

/** Locks a bundle. The text is one line that says what it is, and base64. */
export async function sealBundle(bundle: Bundle, passphrase: string): Promise<string> {
  const [salt, nonce] = [randomBytes(lengths.salt), randomBytes(lengths.nonce)]
  const encrypt = createCipheriv(cipher, await keyOf(passphrase, salt), nonce, { authTagLength: lengths.tag })
  encrypt.setAAD(Buffer.from(firstLine))
  const content = Buffer.concat([encrypt.update(JSON.stringify(bundle)), encrypt.final()])
  const bytes = Buffer.concat([salt, nonce, content, encrypt.getAuthTag()])
  return `${firstLine}\n${bytes
    .toString('base64')
    .match(/.{1,76}/g)!
    .join('\n')}\n`
}

/** Opens a locked bundle. Throws when it is none, was changed, or the passphrase is another one. */
export async function openBundle(text: string, passphrase: string): Promise<Bundle> {
  if (text.length > largest) throw new Error('the file is larger than any of `kobune certs export`')
  const [head = '', ...lines] = text.trimEnd().split('\n')
  if (head.trim() !== firstLine) throw new Error('this is no file of `kobune certs export`')
  const bytes = Buffer.from(lines.join(''), 'base64')
  const { salt, nonce, tag } = lengths
  if (bytes.length < salt + nonce + tag) throw new Error('the file is cut off')
  const key = await keyOf(passphrase, bytes.subarray(0, salt))
  try {
    const decrypt = createDecipheriv(cipher, key, bytes.subarray(salt, salt + nonce), { authTagLength: tag })
    decrypt.setAAD(Buffer.from(firstLine))
    decrypt.setAuthTag(bytes.subarray(-tag))
    const content = Buffer.concat([decrypt.update(bytes.subarray(salt + nonce, -tag)), decrypt.final()])
    return JSON.parse(content.toString('utf8')) as Bundle
  } catch (cause) {
    throw new Error('the file cannot be opened: the passphrase is another one, or the file was changed', { cause })
  }
}
