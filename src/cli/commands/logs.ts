import { open, stat } from 'node:fs/promises'
import { delay } from '../../base/clock.ts'
import { paths } from '../../bootstrap/paths.ts'
import type { Call } from '../command.ts'
import { UserError } from '../user-error.ts'

const files: Readonly<Record<string, string>> = {
  server: paths.serverLog,
  agent: paths.agentLog,
  kubelet: paths.kubeletLog,
  containerd: paths.containerdLog,
}

/** How much of the end of a log is searched for lines, bytes, and how often a followed one is looked at, milliseconds. */
const window = 4 << 20
const pollInterval = 200

/** `kobune logs`: the last lines of a component's log, and what comes then. */
export async function logs({ args: [component], options }: Call): Promise<number> {
  const file = files[String(component)]!
  const lines = Number(options.lines)
  if (!Number.isInteger(lines) || lines < 0)
    throw new UserError(`--lines: ${options.lines} is no number`, { exitCode: 2 })
  const { size } = await stat(file).catch(() => {
    throw new UserError(`there is no log of the ${component} yet (${file})`, { hint: 'kobune up' })
  })
  const handle = await open(file)
  try {
    const from = Math.max(0, size - window)
    const { buffer } = await handle.read({ buffer: Buffer.alloc(size - from), position: from })
    const all = buffer.toString('utf8').split('\n')
    process.stdout.write(lines === 0 ? '' : all.slice(-lines - 1).join('\n'))
    if (!options.follow) return 0
    let position = size
    for (;;) {
      const { bytesRead, buffer: more } = await handle.read({ buffer: Buffer.alloc(64 << 10), position })
      position += bytesRead
      if (bytesRead) process.stdout.write(more.subarray(0, bytesRead))
      else await delay(pollInterval)
    }
  } finally {
    await handle.close()
  }
}
