import { createInterface } from 'node:readline'
import { linuxHost } from '../host/host.ts'
import { UserError } from './user-error.ts'

/** A passphrase from a file (its first line), else asked for at the terminal, unseen. `twice` asks again to be sure. */
export async function readPassphrase(file: unknown, { twice = false } = {}): Promise<string> {
  const passphrase = file === undefined ? await askFor(twice) : await fromFile(String(file))
  if (passphrase.length >= 8) return passphrase
  throw new UserError('the passphrase must have at least 8 characters', { exitCode: 2 })
}

async function fromFile(path: string): Promise<string> {
  const text = await linuxHost.files.readIfThere(path)
  if (text === undefined) throw new UserError(`--passphrase-file: ${path} does not exist`, { exitCode: 2 })
  return text.split(/\r?\n/, 1)[0]!
}

async function askFor(twice: boolean): Promise<string> {
  if (!process.stdin.isTTY)
    throw new UserError('there is no terminal to ask for a passphrase; give --passphrase-file', { exitCode: 2 })
  const first = await ask('Passphrase: ')
  if (!twice || (await ask('Once more: ')) === first) return first
  throw new UserError('the two passphrases differ')
}

function ask(question: string): Promise<string> {
  // In terminal mode the interface echoes to its output itself: without an output nothing is shown. It comes before the
  // question, so that nobody can answer while the terminal still echoes.
  const terminal = createInterface({ input: process.stdin, terminal: true })
  process.stderr.write(question)
  return new Promise((resolve, reject) => {
    let answered = false
    terminal.once('line', line => {
      answered = true
      terminal.close()
      process.stderr.write('\n')
      resolve(line)
    })
    terminal.once('close', () => {
      if (!answered) reject(new UserError('no passphrase was given'))
    })
  })
}
