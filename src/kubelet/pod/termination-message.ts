import { open } from 'node:fs/promises'
import type { Host } from '../../host/host.ts'

const mostBytes = 4096
/** FallbackToLogsOnError: this much of the log's end. */
const mostLogBytes = 2048
const mostLogLines = 80

export interface MessageSource {
  /** On the machine; undefined when the container had none. */
  readonly file: string | undefined
  readonly policy: string
  readonly failed: boolean
  readonly logFile: string
  /** The runtime's own message. */
  readonly otherwise: string
}

/** What a container left to say about its end: its message file, else (if it asks for it) the end of its log. */
export async function terminationMessage(host: Host, source: MessageSource): Promise<string> {
  const { file, policy, failed, logFile } = source
  const written = file ? await part(file, { from: 'start', most: mostBytes }) : ''
  if (written) return written
  if (policy === 'FallbackToLogsOnError' && failed && (await host.files.exists(logFile))) {
    return logEnd(await part(logFile, { from: 'end', most: 64 << 10 })) || source.otherwise
  }
  return source.otherwise
}

/** Lines of a CRI log without time and stream. */
function logEnd(log: string): string {
  const lines = log
    .split('\n')
    .slice(-mostLogLines - 1)
    .map(line => /^\S+ (?:stdout|stderr) (\S+) (.*)$/.exec(line))
    .filter(match => match !== null)
  const text = lines.map(([, tag, message]) => (tag === 'P' ? message : `${message}\n`)).join('')
  return text.slice(-mostLogBytes)
}

async function part(file: string, { from, most }: { from: 'start' | 'end'; most: number }): Promise<string> {
  const handle = await open(file).catch(() => undefined)
  if (!handle) return ''
  try {
    const { size } = await handle.stat()
    const length = Math.min(size, most)
    const { buffer, bytesRead } = await handle.read(
      Buffer.alloc(length),
      0,
      length,
      from === 'start' ? 0 : size - length,
    )
    return buffer.subarray(0, bytesRead).toString()
  } finally {
    await handle.close()
  }
}
