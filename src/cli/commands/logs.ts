import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { open } from 'node:fs/promises'
import { delay } from '../../base/clock.ts'
import { type LoggedComponent, logOf } from '../../bootstrap/log-of.ts'
import { linuxHost } from '../../host/host.ts'
import type { Call } from '../command.ts'
import { UserError } from '../user-error.ts'

/** How much of the end of a log is searched for lines, bytes, and how often a followed one is looked at, milliseconds. */
const window = 4 << 20
const pollInterval = 200

interface Wanted {
  readonly lines: number
  readonly follow: boolean
}

/** `kobune logs`: the last lines of a component's log, and what comes then. */
export async function logs({ args: [component], options }: Call): Promise<number> {
  const lines = Number(options.lines)
  if (!Number.isInteger(lines) || lines < 0)
    throw new UserError(`--lines: ${options.lines} is no number`, { exitCode: 2 })
  const wanted = { lines, follow: options.follow === true }
  const place = await logOf(linuxHost, component as LoggedComponent)
  if (!place) throw new UserError(`there is no log of ${component} on this machine yet`, { hint: 'kobune status' })
  return 'unit' in place ? fromJournal(place.unit, wanted) : fromFile(place.file, wanted, place.byRuntime ?? false)
}

async function fromJournal(unit: string, { lines, follow }: Wanted): Promise<number> {
  const args = ['--unit', unit, '--lines', String(lines), '--output', 'cat', '--no-pager']
  const child = spawn('journalctl', [...args, ...(follow ? ['--follow'] : [])], { stdio: 'inherit' })
  const [code] = await once(child, 'exit').catch(cause => {
    throw new UserError(`journalctl cannot be run: ${(cause as Error).message}`, { cause })
  })
  return code ?? 0
}

async function fromFile(file: string, { lines, follow }: Wanted, byRuntime: boolean): Promise<number> {
  const handle = await open(file)
  const write = (text: string) => process.stdout.write(byRuntime ? text.replace(runtimePrefix, '') : text)
  try {
    const { size } = await handle.stat()
    const from = Math.max(0, size - window)
    const { buffer } = await handle.read({ buffer: Buffer.alloc(size - from), position: from })
    const all = buffer.toString('utf8').split('\n')
    write(lines === 0 ? '' : all.slice(-lines - 1).join('\n'))
    if (!follow) return 0
    let position = size
    for (;;) {
      const { bytesRead, buffer: more } = await handle.read({ buffer: Buffer.alloc(64 << 10), position })
      position += bytesRead
      if (bytesRead) write(more.toString('utf8', 0, bytesRead))
      else await delay(pollInterval)
    }
  } finally {
    await handle.close()
  }
}

/** What a container runtime puts before each line: time, stream, and whether the line is whole. */
const runtimePrefix = /^\S+ (?:stdout|stderr) [FP] /gm
