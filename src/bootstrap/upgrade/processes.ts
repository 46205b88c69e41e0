/** A control plane without pods is upgraded as a whole: it is started anew, and as it was before when it does not get healthy. */
import { delay } from '../../base/clock.ts'
import { parseDuration } from '../../base/duration.ts'
import { controlPlaneEnded, startControlPlaneProcesses, stopControlPlaneProcesses } from '../control-plane-services.ts'
import {
  type ControlPlaneProcesses,
  readControlPlaneProcesses,
  writeControlPlaneProcesses,
} from '../manifests/processes.ts'
import { staticPods } from '../manifests/static-pod.ts'
import { paths } from '../paths.ts'
import { processesOf } from '../phases/control-plane-processes.ts'
import { healthChecks, healthOf } from '../phases/wait-control-plane.ts'
import { backupFolder } from './backup-folder.ts'
import type { ControlPlaneUpgrade } from './context.ts'
import { renewCertificatesOf } from './renew.ts'

type Note = (text: string) => void

/** Upgrades the processes of this machine's control plane. Throws when they do not get healthy, with the old ones back. */
export async function upgradeProcesses(context: ControlPlaneUpgrade, note: Note): Promise<void> {
  const { host, say, dryRun, settings } = context
  const old = await readControlPlaneProcesses(host)
  if (!old) return
  const made = await processesOf(context, old.layout)
  // Whom etcd was told to join stays as it is: its data knows the members.
  const next = old.commands.etcd ? { ...made, commands: { ...made.commands, etcd: old.commands.etcd } } : made
  if (settings.certificateRenewal)
    for (const name of staticPods) if (next.commands[name]) await renewCertificatesOf(context, name)
  if (JSON.stringify(next) === JSON.stringify(old)) {
    say('[upgrade] The control plane runs with this version already, skipping upgrade')
    return
  }
  if (!dryRun) {
    note('writing a snapshot')
    const folder = await backupFolder(host, 'kubeadm-backup-etcd')
    await context.snapshot(`${folder}/snapshot.db`)
    await host.files.write(`${folder}/control-plane.json`, await host.files.read(paths.controlPlaneProcesses), {
      mode: 0o600,
    })
    say(`[upgrade] A snapshot and the old command lines are kept in ${folder}`)
  }
  await writeControlPlaneProcesses(host, next)
  if (dryRun) return
  try {
    await restart(context, note)
  } catch (error) {
    say('[upgrade] The control plane does not get well; going back')
    await writeControlPlaneProcesses(host, old)
    await restart({ ...context, signal: new AbortController().signal }, note)
    throw new Error(`${(error as Error).message}\nThe control plane is back as it was, and healthy`, { cause: error })
  }
}

async function restart(context: ControlPlaneUpgrade, note: Note): Promise<void> {
  const { host, signal } = context
  await stopControlPlaneProcesses({ host })
  await startControlPlaneProcesses({ host })
  const end = Date.now() + (parseDuration(context.timeouts.upgradeManifests) ?? 300_000)
  for (;;) {
    const lacks = await whatLacks(context)
    if (lacks === undefined) return
    note(lacks)
    const ended = await controlPlaneEnded(host)
    if (ended || Date.now() > end) throw new Error(`${lacks}${ended ? `: ${ended}` : ''}`)
    await delay(100, signal)
  }
}

async function whatLacks(context: ControlPlaneUpgrade): Promise<string | undefined> {
  for (const { component, url } of await healthChecks(context)) {
    const said = await healthOf(url)
    if (said !== undefined) return `${component} ${said}`
  }
  return undefined
}

/** Undefined on a machine with static pods. */
export const processesHere = ({
  host,
}: Pick<ControlPlaneUpgrade, 'host'>): Promise<ControlPlaneProcesses | undefined> => readControlPlaneProcesses(host)
