/** Commands of the tests: run to their end, or kept running. Nothing here throws for an exit code. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'

export interface Finished {
  /** Null when a signal ended it. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly input?: string
  /** Milliseconds; then it is killed. */
  readonly timeout?: number
  readonly env?: Readonly<Record<string, string>>
}

/** A command that runs: its output so far, its input, its end. */
export interface Running extends AsyncDisposable {
  readonly child: ChildProcess
  readonly output: () => string
  readonly ended: Promise<Finished>
  /** Writes to its standard input. */
  type(text: string): void
  /** Resolves when the output holds this; rejects when it ends or the time is over before. */
  said(what: string | RegExp, timeout?: number): Promise<void>
}

const longest = 60_000

/** Starts a command in a process group of its own; disposing kills the group. */
export function start(command: string, args: readonly string[], options: SpawnOptions = {}): Running {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], detached: true, ...options })
  let stdout = ''
  let stderr = ''
  const waiting = new Set<() => void>()
  const news = () => {
    for (const look of waiting) look()
  }
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text) && news())
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text) && news())
  child.stdin?.on('error', () => {})
  let over = false
  const ended = new Promise<Finished>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', code => {
      over = true
      resolve({ code, stdout, stderr })
      news()
    })
  })
  ended.catch(() => {})
  const output = () => stdout + stderr
  return {
    child,
    output,
    ended,
    type: text => void child.stdin?.write(text),
    said: (what, timeout = longest) => {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const fail = (why: string) =>
        reject(new Error(`${why} without ${what}: ${command} ${args.join(' ')}\n${output()}`))
      const look = () => {
        if (typeof what === 'string' ? output().includes(what) : what.test(output())) resolve()
        else if (over) fail('it ended')
      }
      const timer = setTimeout(() => fail(`${timeout} ms went by`), timeout)
      waiting.add(look)
      look()
      return promise.finally(() => {
        clearTimeout(timer)
        waiting.delete(look)
      })
    },
    [Symbol.asyncDispose]: async () => {
      if (!over && child.pid) killGroup(child.pid)
      await ended.catch(() => {})
    },
  }
}

/** Runs a command to its end. */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const { input, timeout = longest, env } = options
  const running = start(command, args, env ? { env } : {})
  running.child.stdin?.end(input)
  let late = false
  const timer = setTimeout(() => {
    late = true
    if (running.child.pid) killGroup(running.child.pid)
  }, timeout)
  try {
    const finished = await running.ended
    return late ? { ...finished, stderr: `${finished.stderr}\n(killed after ${timeout} ms)` } : finished
  } finally {
    clearTimeout(timer)
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It has just ended.
  }
}
