/** Our own containerd beside the machine's: own folders and socket, started when nobody answers, adopted when one does. */
import { dirname } from 'node:path'
import { delay } from '../../base/clock.ts'
import type { Host } from '../../host/host.ts'
import { errorCode, HostError } from '../../host/host-error.ts'
import type { ProcessId } from '../../host/processes.ts'
import { criClient } from '../cri/cri.ts'
import { type ContainerdConfigOptions, type ContainerdVersion, containerdConfig } from './containerd-config.ts'
import { pauseImage } from './oci/pause.ts'

export interface ContainerdOptions extends Partial<ContainerdConfigOptions> {
  /** Default /etc/kobune/containerd.toml's sibling in the state folder: `<state>/config.toml`. */
  readonly configFile?: string
  readonly pidFile?: string
  readonly logFile?: string
  /** Default: the one in PATH. */
  readonly binary?: string
}

export interface Containerd {
  readonly socket: string
  readonly version: ContainerdVersion
  readonly process: ProcessId
  readonly logFile: string
  /** Whether it ran already and was taken over. */
  readonly adopted: boolean
  /** Ends the daemon. Pods go on running, and are found again after the next start. */
  stop(): Promise<void>
}

/** Where Kobune's containerd lives. */
export const containerdDefaults = {
  root: '/var/lib/kobune/containerd',
  state: '/run/kobune/containerd',
  socket: '/run/kobune/containerd/containerd.sock',
  sandboxImage: pauseImage,
  cniBinDirs: ['/opt/cni/bin', '/usr/lib/cni'],
  cniConfDir: '/etc/cni/net.d',
} as const

const startTimeout = 30_000

/** Runs containerd and resolves when CRI answers. A running one is kept, unless its configuration must change. */
export async function startContainerd(host: Host, options: ContainerdOptions = {}): Promise<Containerd> {
  const binary = options.binary ?? (await required(host, 'containerd', 'containerd'))
  const version = await containerdVersion(host, binary)
  const config = await completeOptions(host, options)
  const { state, socket } = config
  const configFile = options.configFile ?? `${state}/config.toml`
  const pidFile = options.pidFile ?? `${state}/containerd.pid`
  const logFile = options.logFile ?? `${state}/containerd.log`
  const text = containerdConfig(config, version)

  let process = await host.processes.running(pidFile)
  const adopted = process !== undefined && (await host.files.readIfThere(configFile)) === text
  if (!process || !adopted) {
    if (process) await host.processes.stop(process)
    for (const folder of [config.root, state, dirname(socket)]) await host.files.makeDirectory(folder, { mode: 0o711 })
    await host.files.makeDirectory(config.cniConfDir)
    await host.files.write(configFile, text)
    process = await host.processes.daemon({ command: binary, args: ['--config', configFile], pidFile, logFile })
  }
  await answering(host, { socket, process, logFile })
  const id = process
  return { socket, version, process: id, logFile, adopted, stop: () => host.processes.stop(id) }
}

/** Which containerd a binary is. */
export async function containerdVersion(host: Host, binary = 'containerd'): Promise<ContainerdVersion> {
  const { stdout } = await host.processes.run(binary, ['--version'])
  const match = /\bv?(\d+)\.(\d+)\.\d+\S*/.exec(stdout)
  if (!match) {
    throw new HostError({ verb: 'read the version of', target: binary, code: 'unknown', message: `it says ${stdout}` })
  }
  const version = { major: Number(match[1]), minor: Number(match[2]), text: match[0] }
  if (version.major < 1 || (version.major === 1 && version.minor < 6)) {
    const message = `containerd ${version.text} is too old: 1.6 or newer is needed`
    throw new HostError({ verb: 'use', target: binary, code: 'unsupported', message })
  }
  return version
}

/** Whether this process may lower oom_score_adj (CAP_SYS_RESOURCE, bit 24). */
export async function mayLowerOomScore(host: Host): Promise<boolean> {
  const capabilities = /^CapEff:\s*([0-9a-f]+)$/m.exec(await host.files.read('/proc/self/status'))?.[1] ?? '0'
  return (BigInt(`0x${capabilities}`) & (1n << 24n)) !== 0n
}

async function completeOptions(host: Host, options: ContainerdOptions): Promise<ContainerdConfigOptions> {
  const cniBinDirs = options.cniBinDirs ?? (await foldersWithPlugins(host))
  const runc = options.runc ?? (await required(host, 'runc', 'runc'))
  const restrictOomScoreAdj = options.restrictOomScoreAdj ?? !(await mayLowerOomScore(host))
  return { ...containerdDefaults, ...options, cniBinDirs, runc, restrictOomScoreAdj }
}

/** Version 1.x takes only one folder: the first that has the plugins goes first. */
async function foldersWithPlugins(host: Host): Promise<readonly string[]> {
  const found: string[] = []
  for (const folder of containerdDefaults.cniBinDirs) {
    if (await host.files.exists(`${folder}/bridge`)) found.push(folder)
  }
  return found.length > 0 ? found : containerdDefaults.cniBinDirs
}

async function required(host: Host, command: string, debianPackage: string): Promise<string> {
  const path = await host.processes.find(command)
  if (path) return path
  const message = `it is not installed; try: apt-get install ${debianPackage}`
  throw new HostError({ verb: 'find', target: command, code: 'ENOENT', message })
}

async function answering(
  host: Host,
  options: { readonly socket: string; readonly process: ProcessId; readonly logFile: string },
): Promise<void> {
  const { socket, process, logFile } = options
  const end = Date.now() + startTimeout
  for (;;) {
    // A fresh client each time: gRPC's own reconnecting backs off for longer than containerd needs to start.
    const cri = criClient({ socket })
    try {
      if (await host.files.exists(socket)) return void (await cri.version({ timeout: 5_000 }))
    } catch (error) {
      if (Date.now() > end) throw await startError(host, { logFile, message: 'it does not answer', cause: error })
    } finally {
      cri.close()
    }
    if (!(await host.processes.alive(process))) throw await startError(host, { logFile, message: 'it ended at once' })
    if (Date.now() > end) throw await startError(host, { logFile, message: 'its socket did not appear' })
    await delay(10)
  }
}

async function startError(
  host: Host,
  { logFile, message, cause }: { logFile: string; message: string; cause?: unknown },
): Promise<HostError> {
  const log = (await host.files.readIfThere(logFile)) ?? ''
  const stderr = log.split('\n').slice(-6).join('\n')
  return new HostError({
    verb: 'start',
    target: 'containerd',
    code: errorCode(cause),
    message: `${message} (see ${logFile})`,
    stderr,
    cause,
  })
}
