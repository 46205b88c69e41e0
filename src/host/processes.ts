/** Commands and daemons. Commands take a list of arguments, never a shell line. */

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
  /** False when the process is gone already. */
  signal(process: ProcessId, signal: NodeJS.Signals): Promise<boolean>
  /** SIGTERM, then SIGKILL after `grace` milliseconds (default 10 s); resolves when it is gone. */
  stop(process: ProcessId, grace?: number): Promise<void>
}
