/** Commands and daemons. Commands take a list of arguments, never a shell line. */
import { spawn } from 'node:child_process'
import { constants } from 'node:fs'
import { access, mkdir, open, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { delay } from '../base/clock.ts'
import { attempt, errorCode, HostError } from './host-error.ts'

/** A process that cannot be mistaken for a later one with the same number. */
export interface ProcessId {
  readonly pid: number
  /** Clock ticks after boot, from /proc/PID/stat. */
  readonly startTime: number
}

export interface RunOptions {
  /** Written to standard input, which is then closed. */
  readonly input?: string | Uint8Array
  readonly env?: Readonly<Record<string, string>>
  readonly directory?: string
  /** Milliseconds; default 60 s. The command is killed and HostError `timeout` thrown. */
  readonly timeout?: number
  readonly signal?: AbortSignal
  /** Bytes of standard output to keep; default 16 MiB; more is HostError `overflow`. */
  readonly most?: number
  /** Exit codes that are no error besides 0. */
  readonly okCodes?: readonly number[]
  /** Called with each line of standard output as it comes. */
  readonly onLine?: (line: string) => void
}

export interface RunResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface DaemonOptions {
  readonly command: string
  readonly args: readonly string[]
  /** Holds pid and start time while it runs. */
  readonly pidFile: string
  /** Standard output and error are appended here. */
  readonly logFile: string
  readonly env?: Readonly<Record<string, string>>
  readonly directory?: string
}

export interface Processes {
  /** Runs to the end; HostError with code `exit` and the tail of standard error when it fails. */
  run(command: string, args: readonly string[], options?: RunOptions): Promise<RunResult>
  /** The absolute path of a program in PATH and the usual sbin folders; undefined when there is none. */
  find(command: string): Promise<string | undefined>
  /** Starts a process that outlives us, in its own session. */
  daemon(options: DaemonOptions): Promise<ProcessId>
  /** The live process a pid file names; undefined when it ended (even if its number is in use again). */
  running(pidFile: string): Promise<ProcessId | undefined>
  alive(process: ProcessId): Promise<boolean>
  /** The live processes whose command line, as a list of arguments, fits. */
  matching(fits: (args: readonly string[]) => boolean): Promise<readonly ProcessId[]>
  /** False when the process is gone already. */
  signal(process: ProcessId, signal: NodeJS.Signals): Promise<boolean>
  /** SIGTERM, then SIGKILL after `grace` milliseconds (default 10 s); resolves when it is gone. */
  stop(process: ProcessId, grace?: number): Promise<void>
}

const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
const stderrKept = 4096

/** PATH, with the folders of system programs that a plain user's PATH lacks. */
function searchPath(): string {
  return [...new Set([...(process.env.PATH ?? '').split(':'), ...systemPath.split(':')])].filter(p => p).join(':')
}

/** The processes of this machine. */
export const linuxProcesses: Processes = {
  run,
  find: async command => {
    for (const folder of searchPath().split(':')) {
      const path = join(folder, command)
      if (
        await access(path, constants.X_OK).then(
          () => true,
          () => false,
        )
      )
        return path
    }
    return undefined
  },
  daemon,
  running: async pidFile => {
    const text = await readFile(pidFile, 'utf8').catch(() => '')
    const [pid, startTime] = text.trim().split(/\s+/).map(Number)
    if (!pid || !startTime) return undefined
    const id = { pid, startTime }
    return (await linuxProcesses.alive(id)) ? id : undefined
  },
  alive: async id => (await startTimeOf(id.pid)) === id.startTime,
  matching: async fits => {
    const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name))
    const found = await Promise.all(
      pids.map(async pid => {
        // Gone meanwhile, or not ours to see.
        const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
        if (!line || !fits(line.split('\0').slice(0, -1))) return undefined
        const startTime = await startTimeOf(Number(pid))
        return startTime === undefined ? undefined : { pid: Number(pid), startTime }
      }),
    )
    return found.filter(id => id !== undefined)
  },
  signal: async (id, signal) => {
    if (!(await linuxProcesses.alive(id))) return false
    try {
      return process.kill(id.pid, signal)
    } catch (cause) {
      if (errorCode(cause) === 'ESRCH') return false
      throw new HostError({ verb: `send ${signal} to`, target: `process ${id.pid}`, code: errorCode(cause), cause })
    }
  },
  stop: async (id, grace = 10_000) => {
    for (const [signal, wait] of [
      ['SIGTERM', grace],
      ['SIGKILL', 5_000],
    ] as const) {
      if (!(await linuxProcesses.signal(id, signal))) return
      for (const end = Date.now() + wait; Date.now() < end; await delay(20)) {
        if (!(await linuxProcesses.alive(id))) return
      }
    }
    throw new HostError({ verb: 'stop', target: `process ${id.pid}`, code: 'timeout', message: 'it survived SIGKILL' })
  },
}

function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const target = [command, ...args].join(' ')
  const { timeout = 60_000, most = 16 << 20, okCodes = [] } = options
  return new Promise((resolve, reject) => {
    const fail = (code: string, message: string, cause?: unknown) =>
      reject(new HostError({ verb: 'run', target, code, message, stderr: stderr.text(), cause }))
    const child = spawn(command, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, PATH: searchPath(), ...options.env },
      ...(options.directory ? { cwd: options.directory } : {}),
    })
    const stdout = new Kept(most)
    const stderr = new Kept(stderrKept, true)
    let stopped: { code: string; message: string } | undefined
    const stop = (code: string, message: string) => {
      stopped ??= { code, message }
      child.kill('SIGKILL')
    }
    const timer = setTimeout(() => stop('timeout', `no end after ${timeout} ms`), timeout)
    const aborted = () => stop('cancelled', 'cancelled')
    if (options.signal?.aborted) aborted()
    options.signal?.addEventListener('abort', aborted, { once: true })
    const lines = options.onLine && lineReader(options.onLine)
    child.stdout.on('data', (bytes: Buffer) => {
      lines?.(bytes.toString())
      if (!stdout.add(bytes)) stop('overflow', `printed more than ${most} bytes`)
    })
    child.stderr.on('data', (bytes: Buffer) => stderr.add(bytes))
    child.on('error', cause => {
      clearTimeout(timer)
      options.signal?.removeEventListener('abort', aborted)
      fail(errorCode(cause), errorCode(cause) === 'ENOENT' ? `${command} is not installed` : cause.message, cause)
    })
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      options.signal?.removeEventListener('abort', aborted)
      if (stopped) return fail(stopped.code, stopped.message)
      if (code === 0 || (code !== null && okCodes.includes(code))) {
        return resolve({ code, stdout: stdout.text(), stderr: stderr.text() })
      }
      fail('exit', code === null ? `killed by ${signal}` : `exit code ${code}`)
    })
    // A command that does not read its input closes the pipe: that is its own affair.
    child.stdin.on('error', () => {})
    child.stdin.end(options.input)
  })
}

/** Bounded output; with `tail`, the last bytes are kept instead of the first. */
class Kept {
  readonly #most: number
  readonly #tail: boolean
  #parts: Buffer[] = []
  #size = 0

  constructor(most: number, tail = false) {
    this.#most = most
    this.#tail = tail
  }

  /** False when the limit is passed. */
  add(bytes: Buffer): boolean {
    this.#parts.push(bytes)
    this.#size += bytes.length
    if (this.#size <= this.#most) return true
    if (this.#tail) {
      this.#parts = [Buffer.concat(this.#parts).subarray(-this.#most)]
      this.#size = this.#most
    }
    return false
  }

  text(): string {
    return Buffer.concat(this.#parts).toString()
  }
}

function lineReader(onLine: (line: string) => void): (text: string) => void {
  let rest = ''
  return text => {
    const lines = (rest + text).split('\n')
    rest = lines.pop()!
    for (const line of lines) onLine(line)
  }
}

async function daemon(options: DaemonOptions): Promise<ProcessId> {
  return attempt('start', options.command, async () => {
    await mkdir(dirname(options.logFile), { recursive: true })
    await mkdir(dirname(options.pidFile), { recursive: true })
    const log = await open(options.logFile, 'a', 0o640)
    try {
      const child = spawn(options.command, options.args, {
        detached: true,
        stdio: ['ignore', log.fd, log.fd],
        env: { ...process.env, PATH: searchPath(), ...options.env },
        cwd: options.directory ?? '/',
      })
      await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject))
      child.unref()
      const id = { pid: child.pid!, startTime: (await startTimeOf(child.pid!)) ?? 0 }
      const text = `${id.pid} ${id.startTime}\n`
      await writeFile(options.pidFile, text)
      // Our child until we end: reap it and take its pid file away if it ends before us.
      child.once('exit', async () => {
        const now = await readFile(options.pidFile, 'utf8').catch(() => '')
        if (now === text) await rm(options.pidFile, { force: true }).catch(() => {})
      })
      return id
    } finally {
      await log.close()
    }
  })
}

/** Undefined when there is no such process, or only its zombie is left. */
async function startTimeOf(pid: number): Promise<number | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  if (!stat) return undefined
  // The second field is the program's name in parentheses and may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : Number(fields[19])
}
