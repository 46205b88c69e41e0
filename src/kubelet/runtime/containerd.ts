/** Our own containerd beside the machine's: own folders and socket, started when nobody answers, adopted when one does. */
import { dirname } from 'node:path'
import { delay } from '../../base/clock.ts'
import type { CgroupDriver } from '../../host/cgroups.ts'
import type { Host } from '../../host/host.ts'
import { errorCode, HostError } from '../../host/host-error.ts'
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
  /** Who keeps the process; default: a daemon with a pid file. */
  readonly keeper?: ContainerdKeeper
}

/** Keeps a process. */
export interface ContainerdKeeper {
  runs(): Promise<boolean>
  /** With what it says in a file. */
  start(command: readonly string[], logFile: string): Promise<void>
  stop(): Promise<void>
}

export interface Containerd {
  readonly socket: string
  readonly version: ContainerdVersion
  readonly logFile: string
  /** Whether it ran already and was taken over. */
  readonly adopted: boolean
  runs(): Promise<boolean>
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

/** The configuration that a node keeps for its own containerd. */
export const keptConfigFile = '/var/lib/kobune/containerd.toml'

const startTimeout = 30_000

/** Runs containerd and resolves when CRI answers. A running one is kept, unless its configuration must change. */
export async function startContainerd(host: Host, options: ContainerdOptions = {}): Promise<Containerd> {
  const binary = options.binary ?? (await required(host, 'containerd', 'containerd'))
  const version = await containerdVersion(host, binary)
  const config = await completeOptions(host, options)
  const { state, socket } = config
  const configFile = options.configFile ?? `${state}/config.toml`
  const logFile = options.logFile ?? `${state}/containerd.log`
  const keeper = options.keeper ?? daemonKeeper(host, options.pidFile ?? `${state}/containerd.pid`)
  const text = containerdConfig(config, version)

  const running = await keeper.runs()
  const adopted = running && (await host.files.readIfThere(configFile)) === text
  if (!adopted) {
    if (running) await keeper.stop()
    for (const folder of [config.root, state, dirname(socket)]) await host.files.makeDirectory(folder, { mode: 0o711 })
    await host.files.makeDirectory(config.cniConfDir)
    await host.files.write(configFile, text)
    await keeper.start([binary, '--config', configFile], logFile)
  }
  await answering(host, { socket, keeper, logFile })
  return { socket, version, logFile, adopted, runs: () => keeper.runs(), stop: () => keeper.stop() }
}

function daemonKeeper({ processes }: Host, pidFile: string): ContainerdKeeper {
  return {
    runs: async () => (await processes.running(pidFile)) !== undefined,
    async start([command, ...args], logFile) {
      await processes.daemon({ command: command!, args, pidFile, logFile })
    },
    async stop() {
      const running = await processes.running(pidFile)
      if (running) await processes.stop(running)
    },
  }
}

/** Who makes the cgroups of our own containerd, by its configuration; undefined for another's, and where there is none. */
export async function ownCgroupDriver({ files }: Host, socket: string): Promise<CgroupDriver | undefined> {
  if (socket !== containerdDefaults.socket) return undefined
  const text = await files.readIfThere(keptConfigFile)
  if (text === undefined) return undefined
  return /^SystemdCgroup = true$/m.test(text) ? 'systemd' : 'cgroupfs'
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
  options: { readonly socket: string; readonly keeper: ContainerdKeeper; readonly logFile: string },
): Promise<void> {
  const { socket, keeper, logFile } = options
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
    if (!(await keeper.runs())) throw await startError(host, { logFile, message: 'it ended at once' })
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
