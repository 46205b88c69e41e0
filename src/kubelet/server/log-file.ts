/** Reads a log file to its end and, when following, on and over rotations. */
import { watch } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

const chunk = 64 << 10
/** A change that the system did not tell of is found by looking. */
const lookEvery = 1_000
const newline = 0x0a

export interface FollowOptions {
  readonly signal: AbortSignal
  /** False once nothing more will be written: after one more look, reading ends. */
  readonly alive: () => boolean
}

/** Lines without their ends, from byte `from`. With `follow` it ends when the writer does, or the signal aborts. */
export async function* logFileLines(file: string, from: number, follow?: FollowOptions): AsyncIterable<Buffer> {
  let handle = await open(file)
  let position = from
  let rest: Buffer = Buffer.alloc(0)
  const changes = follow && fileChanges(file, follow.signal)
  try {
    for (;;) {
      const alive = follow?.alive() ?? false
      for await (const bytes of readOn(handle, position)) {
        position += bytes.length
        rest = rest.length ? Buffer.concat([rest, bytes]) : bytes
        for (let end = rest.indexOf(newline); end >= 0; end = rest.indexOf(newline)) {
          yield rest.subarray(0, end)
          rest = rest.subarray(end + 1)
        }
        if (follow?.signal.aborted) return
      }
      const next = await rotated(handle, file)
      if (next) {
        await handle.close()
        handle = next
        position = 0
        continue
      }
      if (!follow || !alive || follow.signal.aborted) return
      await changes!.next()
    }
  } finally {
    changes?.stop()
    await handle.close()
  }
}

async function* readOn(handle: FileHandle, from: number): AsyncIterable<Buffer> {
  for (let position = from; ; ) {
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(chunk), 0, chunk, position)
    if (bytesRead === 0) return
    position += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}

/** The file that now has the name, when it is another one. */
async function rotated(handle: FileHandle, file: string): Promise<FileHandle | undefined> {
  const [old, now] = await Promise.all([handle.stat(), stat(file).catch(() => undefined)])
  return now && now.ino !== old.ino ? open(file) : undefined
}

function fileChanges(file: string, signal: AbortSignal) {
  let wake = () => {}
  let changed = false
  const tell = () => {
    changed = true
    wake()
  }
  const watcher = watch(dirname(file), tell)
  watcher.on('error', tell)
  signal.addEventListener('abort', tell, { once: true })
  return {
    async next(): Promise<void> {
      if (!changed) {
        await new Promise<void>(resolve => {
          const timer = setTimeout(resolve, lookEvery)
          wake = () => {
            clearTimeout(timer)
            resolve()
          }
        })
      }
      changed = false
    },
    stop(): void {
      signal.removeEventListener('abort', tell)
      watcher.close()
      wake()
    },
  }
}

/** The byte where the last `count` lines begin (all, when there are fewer). */
export async function tailOffset(file: string, count: number): Promise<number> {
  const handle = await open(file)
  try {
    const { size } = await handle.stat()
    let found = 0
    for (let end = size; end > 0; ) {
      const start = Math.max(0, end - chunk)
      const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(end - start), 0, end - start, start)
      for (let i = bytesRead - 1; i >= 0; i--) {
        if (buffer[i] !== newline || start + i === size - 1) continue
        if (++found >= count) return start + i + 1
      }
      end = start
    }
    return 0
  } finally {
    await handle.close()
  }
}
