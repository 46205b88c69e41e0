/** The processes of a node that are no pods: containerd and the kubelet. */
import { get } from 'node:http'
import { delay } from '../base/clock.ts'
import { parseDuration } from '../base/duration.ts'
import type { Host } from '../host/host.ts'
import { type ContainerdKeeper, containerdDefaults } from '../kubelet/runtime/containerd.ts'
import { ownApp } from '../kubelet/runtime/oci/own-image.ts'
import { sharedNode } from '../kubelet/runtime/oci/shared-node.ts'
import type { NodeContext } from './node-context.ts'
import { paths } from './paths.ts'
import { type ServicePlace, serviceRuns, startService, stopService } from './service.ts'

type Services = Pick<NodeContext, 'host' | 'program'>
/** What starting the kubelet needs to know. */
export type KubeletService = Pick<NodeContext, 'host' | 'program' | 'signal' | 'timeouts'>

/** The node's agent. */
export const kubeletService: ServicePlace = { unit: 'kubelet.service', pidFile: paths.kubeletPid }
/** Our own containerd. */
export const containerdService: ServicePlace = {
  unit: 'kobune-containerd.service',
  pidFile: `${containerdDefaults.state}/containerd.pid`,
}

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

/** The command line of the node's agent: this program as it is in our image, where it is, and the Node of containers. */
export async function kubeletCommand({ host, program }: Services): Promise<readonly string[]> {
  const [node, ...first] = program
  const app = await ownApp(host, paths.images)
  return [
    await sharedNode(host, node!, paths.node),
    // V8 lets its young generation grow to what a machine with much memory affords, for throughput that is not wanted here.
    '--max-semi-space-size=1',
    ...(app === undefined ? first : [...first.slice(0, -1), app]),
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
  const service = {
    ...kubeletService,
    description: 'kubelet: The Kubernetes Node Agent (Kobune)',
    after: containerdService.unit,
    command: await kubeletCommand(context),
    logFile: paths.kubeletLog,
  }
  await startService(host, service, { boots: await host.systemd.running() })
  const patience = parseDuration(context.timeouts.kubeletHealthCheck) ?? 240_000
  const end = Date.now() + patience
  for (;;) {
    const said = await kubeletHealth()
    if (said === undefined) return
    note(said)
    if (!(await serviceRuns(host, kubeletService)))
      throw new Error(`the kubelet ended at once; ${await logTail(host, paths.kubeletLog)}`)
    if (Date.now() > end)
      throw new Error(`the kubelet is not healthy: ${said}; ${await logTail(host, paths.kubeletLog)}`)
    await delay(50, signal)
  }
}

/** Ends the agent; pods go on running. */
export async function stopKubelet({ host }: Pick<Services, 'host'>): Promise<void> {
  await stopService(host, kubeletService)
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

/** Keeps our own containerd; `boots`: also through reboots. */
export function containerdKeeper(host: Host, { boots }: { readonly boots: boolean }): ContainerdKeeper {
  const service = { ...containerdService, description: 'containerd of Kobune' }
  return {
    runs: () => serviceRuns(host, service),
    start: (command, logFile) => startService(host, { ...service, command, logFile }, { boots }),
    stop: () => stopService(host, service),
  }
}

/** Ends our own containerd; containers go on under their shims. */
export async function stopContainerd({ host }: Pick<Services, 'host'>): Promise<void> {
  await stopService(host, containerdService)
}
