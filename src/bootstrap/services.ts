/** The processes of a node that are no pods: containerd and the kubelet. Units where systemd runs, else daemons. */
import { get } from 'node:http'
import { delay } from '../base/clock.ts'
import { parseDuration } from '../base/duration.ts'
import type { Host } from '../host/host.ts'
import { containerdDefaults } from '../kubelet/runtime/containerd.ts'
import type { NodeContext } from './node-context.ts'
import { paths } from './paths.ts'
import { unitText, word } from './steps/systemd.ts'

type Services = Pick<NodeContext, 'host' | 'program'>
/** What starting the kubelet needs to know. */
export type KubeletService = Pick<NodeContext, 'host' | 'program' | 'signal' | 'timeouts'>

export const kubeletUnit = 'kubelet.service'
export const containerdUnit = 'kobune-containerd.service'

/** Words of KUBELET_KUBEADM_ARGS and of what administrators add in /etc/default/kubelet. */
async function extraArguments({ files }: Host): Promise<readonly string[]> {
  const value = async (file: string, name: string) => {
    const text = (await files.readIfThere(file)) ?? ''
    const found = new RegExp(`^${name}=(.*)$`, 'm').exec(text)?.[1] ?? ''
    return found
      .replace(/^(["'])(.*)\1$/, '$2')
      .split(/\s+/)
      .filter(Boolean)
  }
  return [
    ...(await value(paths.kubeletFlags, 'KUBELET_KUBEADM_ARGS')),
    ...(await value('/etc/default/kubelet', 'KUBELET_EXTRA_ARGS')),
  ]
}

/** The command line of the node's agent. */
export async function kubeletCommand({ host, program }: Services): Promise<readonly string[]> {
  const [command, ...first] = program
  return [
    command!,
    // V8 lets its young generation grow to what a machine with much memory affords, for throughput that is not wanted here.
    '--max-semi-space-size=1',
    ...first,
    'kubelet',
    `--bootstrap-kubeconfig=${paths.bootstrapKubeletConf}`,
    `--kubeconfig=${paths.kubeletConf}`,
    `--config=${paths.kubeletConfig}`,
    ...(await extraArguments(host)),
  ]
}

/** Starts the agent unless it runs, and waits until it says that it is healthy. Throws with the end of its log. */
export async function startKubelet(context: KubeletService, note: (text: string) => void = () => {}): Promise<void> {
  const { host, signal } = context
  const command = await kubeletCommand(context)
  if (await host.systemd.running()) {
    await host.files.makeDirectory(paths.logs)
    await host.systemd.writeUnit(kubeletUnit, kubeletUnitText(command))
    await host.systemd.enable(kubeletUnit)
    await host.systemd.start(kubeletUnit)
  } else if (!(await host.processes.running(paths.kubeletPid))) {
    const [program, ...args] = command
    const env = { MALLOC_ARENA_MAX: '2' }
    await host.processes.daemon({ command: program!, args, env, pidFile: paths.kubeletPid, logFile: paths.kubeletLog })
  }
  const patience = parseDuration(context.timeouts.kubeletHealthCheck) ?? 240_000
  const end = Date.now() + patience
  for (;;) {
    const said = await kubeletHealth()
    if (said === undefined) return
    note(said)
    const running = (await host.systemd.running())
      ? await host.systemd.active(kubeletUnit)
      : await host.processes.running(paths.kubeletPid)
    if (!running) throw new Error(`the kubelet ended at once; ${await logTail(host, paths.kubeletLog)}`)
    if (Date.now() > end)
      throw new Error(`the kubelet is not healthy: ${said}; ${await logTail(host, paths.kubeletLog)}`)
    await delay(50, signal)
  }
}

/** Ends the agent; pods go on running. */
export async function stopKubelet({ host }: Pick<Services, 'host'>): Promise<void> {
  if (await host.systemd.running()) await host.systemd.stop(kubeletUnit)
  const running = await host.processes.running(paths.kubeletPid)
  if (running) await host.processes.stop(running, 30_000)
  await host.files.remove(paths.kubeletPid)
}

/** Restarts the agent where it runs, so that it reads its files anew. */
export async function restartKubelet(context: KubeletService): Promise<void> {
  await stopKubelet(context)
  await startKubelet(context)
}

/** What is wrong with the kubelet of this machine; undefined when nothing is. */
export function kubeletHealth(): Promise<string | undefined> {
  const said = Promise.withResolvers<string | undefined>()
  const request = get('http://127.0.0.1:10248/healthz', { timeout: 5_000 }, response => {
    response.resume()
    said.resolve(response.statusCode === 200 ? undefined : `/healthz answers ${response.statusCode}`)
  })
  request.on('timeout', () => request.destroy(new Error('it does not answer')))
  request.on('error', error =>
    said.resolve((error as NodeJS.ErrnoException).code === 'ECONNREFUSED' ? 'starting' : error.message),
  )
  return said.promise
}

/** The end of a log, for messages. */
export async function logTail(host: Host, file: string, lines = 5): Promise<string> {
  const text = (await host.files.readIfThere(file)) ?? ''
  const tail = text.trimEnd().split('\n').slice(-lines).join('\n  ')
  return tail ? `the end of ${file}:\n  ${tail}` : `${file} is empty`
}

function kubeletUnitText(command: readonly string[]): string {
  return unitText({
    description: 'kubelet: The Kubernetes Node Agent (Kobune)',
    after: containerdUnit,
    command: command.map(word).join(' '),
    // Where it is without systemd, too, and where messages of ours look for it.
    more: `StandardOutput=append:${paths.kubeletLog}\nStandardError=inherit\n`,
  })
}

/** The unit of our own containerd, written once it runs by our hands: systemd starts it at the next boot. */
export async function containerdService({ host }: Pick<Services, 'host'>): Promise<void> {
  if (!(await host.systemd.running())) return
  const program = (await host.processes.find('containerd')) ?? 'containerd'
  const command = [program, '--config', `${paths.state}/containerd.toml`].map(word).join(' ')
  await host.systemd.writeUnit(containerdUnit, unitText({ description: 'containerd of Kobune', after: '', command }))
  await host.systemd.enable(containerdUnit)
}

/** Ends our own containerd; containers go on under their shims. */
export async function stopContainerd({ host }: Pick<Services, 'host'>): Promise<void> {
  if (await host.systemd.running()) await host.systemd.stop(containerdUnit)
  const file = `${containerdDefaults.state}/containerd.pid`
  const running = await host.processes.running(file)
  if (running) await host.processes.stop(running, 30_000)
}
