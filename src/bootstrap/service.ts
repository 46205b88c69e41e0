/** The processes that a machine keeps: units where systemd looks after them, else daemons with pid files. */
import { dirname } from 'node:path'
import type { Host } from '../host/host.ts'
import { unitText, word } from './unit-text.ts'

/** Where a process is found again, whichever way it was started. */
export interface ServicePlace {
  readonly unit: string
  readonly pidFile: string
}

export interface Service extends ServicePlace {
  readonly description: string
  /** Units that start before it. */
  readonly after?: string
  readonly command: readonly string[]
  /** What it says is appended here, also by systemd. */
  readonly logFile: string
}

/** glibc keeps an arena of memory for each thread otherwise. */
export const daemonEnvironment = { MALLOC_ARENA_MAX: '2' } as const

const folder = '/etc/systemd/system'
/** How long a process may take to end by itself, milliseconds. */
const grace = 30_000

/** Whether systemd looks after it. */
export async function keptBySystemd({ systemd, files }: Host, { unit }: ServicePlace): Promise<boolean> {
  return (await systemd.running()) && (await files.exists(`${folder}/${unit}`))
}

/** Whether it runs, or systemd is about to start it. */
export async function serviceRuns(host: Host, place: ServicePlace): Promise<boolean> {
  if ((await keptBySystemd(host, place)) && (await host.systemd.active(place.unit))) return true
  return (await host.processes.running(place.pidFile)) !== undefined
}

/**
 * Starts it unless it runs. `boots`: as a unit that systemd starts at every boot, as it does with one that is a unit
 * already; a daemon that runs makes way for it.
 */
export async function startService(host: Host, service: Service, { boots }: { boots: boolean }): Promise<void> {
  const { unit, pidFile, logFile, command } = service
  if (boots || (await keptBySystemd(host, service))) {
    await stopDaemon(host, service)
    await host.files.makeDirectory(dirname(logFile))
    await host.systemd.writeUnit(unit, serviceUnit(service))
    await host.systemd.enable(unit)
    await host.systemd.start(unit)
  } else if (!(await host.processes.running(pidFile))) {
    const [program, ...args] = command
    await host.processes.daemon({ command: program!, args, env: daemonEnvironment, pidFile, logFile })
  }
}

/** The text of its unit. */
export function serviceUnit({ description, after = '', command, logFile }: Service): string {
  return unitText({
    description,
    after,
    command: command.map(word).join(' '),
    // Where it is without systemd, too, and where messages of ours look for it.
    more: `StandardOutput=append:${logFile}\nStandardError=inherit\n`,
  })
}

/** Ends it; fine if it does not run. A unit stays, and comes back at the next boot. */
export async function stopService(host: Host, place: ServicePlace): Promise<void> {
  if (await keptBySystemd(host, place)) await host.systemd.stop(place.unit)
  await stopDaemon(host, place)
}

/** Ends it for good: its unit goes, too. */
export async function removeService(host: Host, place: ServicePlace): Promise<void> {
  await stopService(host, place)
  if (await keptBySystemd(host, place)) await host.systemd.removeUnit(place.unit)
}

async function stopDaemon({ processes, files }: Host, { pidFile }: ServicePlace): Promise<void> {
  const running = await processes.running(pidFile)
  if (running) await processes.stop(running, grace)
  await files.remove(pidFile)
}
