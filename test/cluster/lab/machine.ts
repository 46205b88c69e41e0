import type { ChildProcess, SpawnOptions } from 'node:child_process'
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { appendFile, mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { groupsParent, removeGroup } from './groups.ts'
import { type Finished, type Running, type RunOptions, run, start } from './run.ts'

export interface MachineOptions {
  readonly name: string
  readonly address: string
  /** Keeps what survives a reboot. */
  readonly folder: string
  /** Its cgroup is named by it. */
  readonly lab: string
  /** Ends with this process, even when that is killed. */
  readonly leash: boolean
}

const script = (name: string) => fileURLToPath(new URL(`./${name}`, import.meta.url))
/** A folder of this machine in which all machines keep the images they pack, so that one packs for all; empty: none. */
const sharedImages = process.env.KOBUNE_LAB_IMAGES ?? ''
/** The repository, at the same path in every machine. */
export const checkout = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '')
const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/**
 * A machine made of namespaces: processes, network, mounts, name and cgroups of its own. Its folders /etc, /opt, /root,
 * /run, /tmp and /var/* are its own too; the first two begin as this machine's. Off until `boot`.
 */
export class Machine implements AsyncDisposable {
  readonly name: string
  readonly address: string
  readonly #options: MachineOptions
  #power: ChildProcess | undefined
  #first: number | undefined

  constructor(options: MachineOptions) {
    this.name = options.name
    this.address = options.address
    this.#options = options
  }

  /** The process number, seen from outside, of its first process. Throws when it is off. */
  get pid(): number {
    if (!this.#first) throw new Error(`${this.name} is off`)
    return this.#first
  }

  get group(): string {
    return `${groupsParent}/${this.#options.lab}.${this.name}`
  }

  /** How to run a command in it from a shell of this machine: program and first arguments. */
  get door(): readonly string[] {
    return [script('enter.sh'), String(this.pid), this.group, '/root']
  }

  /** Where a file of it is seen from here, while it is on. */
  file(name: string): string {
    return join(`/proc/${this.pid}/root`, name)
  }

  /** Switches it on; it has no network until it is plugged in. */
  async boot(): Promise<void> {
    const { folder, leash } = this.#options
    await mkdir(folder, { recursive: true })
    const args = [this.name, folder, checkout, this.group, leash ? '1' : '0', sharedImages]
    const power = spawn(script('boot.sh'), args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      env: { PATH: path },
    })
    this.#power = power
    let said = ''
    power.stderr.on('data', bytes => (said += bytes))
    for await (const line of createInterface({ input: power.stdout })) if (line === 'ready') break
    const children = await readFile(`/proc/${power.pid}/task/${power.pid}/children`, 'utf8').catch(() => '')
    this.#first = Number(children.trim().split(' ')[0]) || undefined
    if (!this.#first) throw new Error(`machine ${this.name} did not start: ${said}`)
    await appendFile(join(folder, '..', 'processes'), `${power.pid} ${await startTime(power.pid!)} ${this.group}\n`)
    power.stdout.destroy()
    power.stderr.destroy()
    power.unref()
  }

  /** Runs a command in it to its end. The environment is that of a fresh login. */
  exec(command: string, args: readonly string[] = [], options: RunOptions = {}): Promise<Finished> {
    const [program, ...first] = this.door
    return run(program!, [...first, command, ...args], { ...options, env: this.#environment(options.env) })
  }

  /** As `exec`, and an error when it fails; resolves to the standard output. */
  async ok(command: string, args: readonly string[] = [], options: RunOptions = {}): Promise<string> {
    const { code, stdout, stderr } = await this.exec(command, args, options)
    if (code !== 0)
      throw new Error(`${this.name}: ${[command, ...args].join(' ')}: exit code ${code}\n${stdout}${stderr}`)
    return stdout
  }

  /** Starts a command in it and leaves it running. */
  spawn(command: string, args: readonly string[] = [], options: SpawnOptions = {}): Running {
    const [program, ...first] = this.door
    const env = this.#environment(options.env as Record<string, string> | undefined)
    return start(program!, [...first, command, ...args], { ...options, env })
  }

  /** Gives a folder of it a disk of its own that holds no more than so many bytes (`64m`), until it is switched off. */
  async smallDisk(folder: string, size: string): Promise<void> {
    await this.ok('sh', ['-ec', 'mkdir -p "$0"; mount -t tmpfs -o "size=$1" lab-disk "$0"', folder, size])
  }

  /** Pulls the plug: every process of it is killed at once. What it wrote stays. */
  async powerOff(): Promise<void> {
    const { pid } = this.#power ?? {}
    this.#power = this.#first = undefined
    if (!pid) return
    if (existsSync(`/proc/${pid}`)) process.kill(pid, 'SIGKILL')
    const left = await removeGroup(this.group)
    if (left.length) throw new Error(`machine ${this.name} leaves ${left.join(', ')}`)
  }

  /** Switches it off for good and forgets what it wrote. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.powerOff()
    await rm(this.#options.folder, { recursive: true, force: true })
  }

  #environment(more: Readonly<Record<string, string>> = {}): Record<string, string> {
    const images = sharedImages && { KOBUNE_IMAGE_CACHE: '/var/cache/kobune-images' }
    return { PATH: path, HOME: '/root', USER: 'root', LANG: 'C.UTF-8', TERM: 'xterm', ...images, ...more }
  }
}

/** Clock ticks after boot: tells a process from a later one of the same number. Empty when there is none. */
export async function startTime(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}
