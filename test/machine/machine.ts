/**
 * Machines that QEMU plays, with a real kernel, systemd as process 1 and control groups of version 2. They and this
 * machine (10.9.0.254) share a bridge in a network namespace of its own. The processors are interpreted, as not every
 * machine has others to give: everything takes ten to fifty times as long.
 */
import { existsSync } from 'node:fs'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { delay } from '../../src/base/clock.ts'
import { type Finished, type RunOptions, run } from '../cluster/lab/run.ts'
import { cacheFolder, type Disk } from './disk.ts'
import { ok } from './ok.ts'

/** Where a command finds machines again; one set of them at a time. */
export const stateFolder = join(cacheFolder, 'running')
const network = 'kobune-machines'
const outside = '10.9.0.254'
const inNetwork = [`--net=/run/netns/${network}`]
/** How long a machine may take to come up, and a command to end, milliseconds. */
const bootTimeout = 600_000
const commandTimeout = 1_800_000

const programs = ['qemu-system-x86_64', 'qemu-img', 'mmdebstrap', 'mkfs.ext4', 'dpkg-scanpackages', 'ssh', 'kubectl']
const packages = 'qemu-system-x86 qemu-utils mmdebstrap e2fsprogs dpkg-dev openssh-client'

/** Why machines cannot be made here; undefined when they can. */
export async function missing(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'virtual machines need root'
  for (const program of programs) {
    const { code } = await run('sh', ['-c', `command -v ${program}`])
    if (code !== 0) return `virtual machines need ${program}: apt-get install --no-install-recommends ${packages}`
  }
  return undefined
}

export class VirtualMachine {
  readonly name: string
  readonly address: string
  readonly #number: number
  readonly #folder: string

  /** `number`: 1 to 4. */
  constructor(number: number) {
    this.#number = number
    this.name = `vm${number}`
    this.address = `10.9.0.${number}`
    this.#folder = join(stateFolder, this.name)
  }

  /** Switches it on, with an empty copy of a disk; `program` is the disk with ours. Resolves when it can be entered. */
  async boot(disk: Disk, program: string, { memory = 3072 }: { readonly memory?: number } = {}): Promise<void> {
    await ensureNetwork()
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    const own = join(this.#folder, 'disk.qcow2')
    await ok('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', disk.image, '-F', 'raw', own])
    await ok('cp', [disk.key, join(this.#folder, 'key')])
    const tap = `tap${this.#number}`
    // One processor: two interpreted ones wait for each other whenever a program makes code, as Node does all the time.
    await inside('ip', ['tuntap', 'add', 'dev', tap, 'mode', 'tap'])
    await inside('ip', ['link', 'set', tap, 'master', 'br0', 'up'])
    const drive = (id: string, file: string, more: string) => [
      ...['-drive', `id=${id},file=${file},if=none,${more}`],
      ...['-device', `virtio-blk-pci,drive=${id}`],
    ]
    await inside('nice', [
      ...['-n', '10', 'qemu-system-x86_64', '-daemonize', '-pidfile', join(this.#folder, 'pid')],
      ...['-accel', 'tcg,thread=multi', '-M', 'q35', '-cpu', 'Westmere', '-smp', '1', '-m', String(memory)],
      ...['-nodefaults', '-display', 'none', '-serial', `file:${join(this.#folder, 'console.log')}`],
      ...['-kernel', disk.kernel, '-initrd', disk.initrd],
      ...['-append', `root=/dev/vda rw console=ttyS0 net.ifnames=0 systemd.hostname=${this.name}`],
      ...drive('own', own, 'format=qcow2,cache=unsafe'),
      ...drive('program', program, 'format=raw,readonly=on'),
      ...['-netdev', `tap,id=net,ifname=${tap},script=no,downscript=no`],
      ...['-device', `virtio-net-pci,netdev=net,mac=52:54:00:00:00:0${this.#number},romfile=`],
      ...['-device', 'virtio-rng-pci'],
    ])
    await this.#entered()
  }

  /** Runs a command, or a script of the shell, to its end. */
  exec(command: string, args: readonly string[], options: RunOptions = {}): Promise<Finished> {
    const words = [command, ...args].map(word => `'${word.replaceAll("'", "'\\''")}'`).join(' ')
    const ssh = [
      ...['-i', join(this.#folder, 'key'), '-o', `ControlPath=${join(this.#folder, 'ssh')}`],
      ...['-o', 'ControlMaster=auto', '-o', 'ControlPersist=120', '-o', 'ConnectTimeout=30', '-o', 'BatchMode=yes'],
      ...['-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null', '-o', 'LogLevel=ERROR'],
      ...['-o', 'ServerAliveInterval=60', '-o', 'ServerAliveCountMax=10'],
    ]
    return run('nsenter', [...inNetwork, 'ssh', ...ssh, `root@${this.address}`, words], {
      timeout: commandTimeout,
      ...options,
    })
  }

  async #entered(): Promise<void> {
    for (const end = Date.now() + bootTimeout; Date.now() < end; await delay(2_000)) {
      if ((await this.exec('true', [], { timeout: 60_000 })).code === 0) return
    }
    throw new Error(`${this.name} did not come up; see ${join(this.#folder, 'console.log')}`)
  }
}

/** Runs a command beside the machines, in their network. */
function inside(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  return ok('nsenter', [...inNetwork, command, ...args], options)
}

async function ensureNetwork(): Promise<void> {
  if (existsSync(`/run/netns/${network}`)) return
  await ok('ip', ['netns', 'add', network])
  await inside('ip', ['link', 'set', 'lo', 'up'])
  await inside('ip', ['link', 'add', 'br0', 'type', 'bridge', 'forward_delay', '0'])
  await inside('ip', ['address', 'add', `${outside}/24`, 'dev', 'br0'])
  await inside('ip', ['link', 'set', 'br0', 'up'])
}

/** Switches all machines off and removes them; disks of Debian are kept. Fine when there are none. */
export async function removeMachines(): Promise<void> {
  for (const number of [1, 2, 3, 4]) {
    const folder = join(stateFolder, `vm${number}`)
    const pid = Number(await readFile(join(folder, 'pid'), 'utf8').catch(() => ''))
    // A number may be somebody else's by now.
    const line = pid ? await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '') : ''
    if (line.includes(folder)) process.kill(pid, 'SIGKILL')
    await run('ssh', ['-o', `ControlPath=${join(folder, 'ssh')}`, '-O', 'exit', 'root@machine'])
  }
  if (existsSync(`/run/netns/${network}`)) await run('ip', ['netns', 'delete', network])
  await rm(stateFolder, { recursive: true, force: true })
}
