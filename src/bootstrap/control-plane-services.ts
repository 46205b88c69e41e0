/** The processes of a control plane without pods: one for all of it, or a systemd unit for each component. */
import type { Host } from '../host/host.ts'
import type { ProcessId } from '../host/processes.ts'
import { type ControlPlaneProcesses, readControlPlaneProcesses } from './manifests/processes.ts'
import { type StaticPodName, staticPods } from './manifests/static-pod.ts'
import type { NodeContext } from './node-context.ts'
import { paths } from './paths.ts'
import { logTail } from './services.ts'
import { unitText, word } from './unit-text.ts'

type Services = Pick<NodeContext, 'host'>

/** The unit of all of it in one process. */
const wholeUnit = 'kobune-control-plane.service'
const unitOf = (name: StaticPodName) => `${name}.service`

/** The command line of all of it in one process. The server's young generation gets some room, for bursts of writes. */
export function controlPlaneCommand([command, ...first]: readonly string[]): readonly string[] {
  return [command!, '--max-semi-space-size=4', ...first, 'control-plane', '--config', paths.controlPlaneProcesses]
}

/** The texts of the units, by their names. `etcd` is its program here. */
export function controlPlaneUnits(
  { layout, commands, program }: ControlPlaneProcesses,
  { etcd }: { readonly etcd: string },
): ReadonlyMap<string, string> {
  if (layout === 'in-process') {
    const command = controlPlaneCommand(program).map(word).join(' ')
    return new Map([[wholeUnit, unitText({ description: 'Kubernetes control plane (Kobune)', after: '', command })]])
  }
  const units = new Map<string, string>()
  for (const name of staticPods) {
    const own = commands[name]
    if (!own) continue
    const [first, ...rest] = own
    const words = first === 'etcd' ? [etcd, ...rest] : [...program, ...rest]
    const after = name === 'etcd' ? '' : unitOf(name === 'kube-apiserver' ? 'etcd' : 'kube-apiserver')
    units.set(unitOf(name), unitText({ description: `Kubernetes ${name}`, after, command: words.map(word).join(' ') }))
  }
  return units
}

/** Starts what does not run yet; nothing where the control plane is made of pods. */
export async function startControlPlaneProcesses({ host }: Services): Promise<void> {
  const processes = await readControlPlaneProcesses(host)
  if (!processes) return
  const { program } = processes
  if (await host.systemd.running()) {
    const etcd = (await host.processes.find('etcd')) ?? '/usr/bin/etcd'
    for (const [unit, text] of controlPlaneUnits(processes, { etcd })) {
      await host.systemd.writeUnit(unit, text)
      await host.systemd.enable(unit)
      await host.systemd.start(unit)
    }
  } else if (processes.layout === 'systemd') throw new Error('systemd does not run this machine')
  else if (!(await host.processes.running(paths.serverPid))) {
    const [command, ...args] = controlPlaneCommand(program)
    const env = { MALLOC_ARENA_MAX: '2' }
    await host.processes.daemon({ command: command!, args, env, pidFile: paths.serverPid, logFile: paths.serverLog })
  }
}

/** Ends them; nothing where there are none. */
export async function stopControlPlaneProcesses({ host }: Services): Promise<void> {
  const processes = await readControlPlaneProcesses(host)
  if (!processes) return
  if (await host.systemd.running()) for (const unit of unitNames(processes).reverse()) await host.systemd.stop(unit)
  const running: ProcessId | undefined = await host.processes.running(paths.serverPid)
  if (running) await host.processes.stop(running, 30_000)
  await host.files.remove(paths.serverPid)
}

/** Starts the member of etcd of this machine anew, where it is a unit. */
export async function restartEtcdUnit({ systemd }: Pick<Host, 'systemd'>): Promise<void> {
  await systemd.restart(unitOf('etcd'))
}

/** Ends them for good: their units go, too. */
export async function removeControlPlaneProcesses(host: Host): Promise<void> {
  const processes = await readControlPlaneProcesses(host)
  if (!processes) return
  await stopControlPlaneProcesses({ host })
  if (await host.systemd.running()) for (const unit of unitNames(processes)) await host.systemd.removeUnit(unit)
}

const unitNames = ({ layout, commands }: ControlPlaneProcesses): string[] =>
  layout === 'in-process' ? [wholeUnit] : staticPods.filter(name => commands[name]).map(unitOf)

/** Why the process of all of it does not run; undefined when it does, or when systemd looks after it. */
export async function controlPlaneEnded(host: Host): Promise<string | undefined> {
  const processes = await readControlPlaneProcesses(host)
  if (processes?.layout !== 'in-process' || (await host.systemd.running())) return undefined
  if (await host.processes.running(paths.serverPid)) return undefined
  return `its process ended; ${await logTail(host, paths.serverLog)}`
}
