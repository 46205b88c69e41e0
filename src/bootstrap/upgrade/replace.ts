/**
 * Static pods go to their new manifests one at a time; each must run and be healthy before the next one's turn. When one
 * does not get healthy, all that were replaced go back to the old manifests.
 */
import { delay } from '../../base/clock.ts'
import { parseDuration } from '../../base/duration.ts'
import type { StaticPodName } from '../manifests/static-pod.ts'
import { staticPods } from '../manifests/static-pod.ts'
import { manifestFile } from '../phases/manifests.ts'
import { diagnosis } from '../phases/wait-control-plane.ts'
import { backupFolder } from './backup-folder.ts'
import type { ControlPlaneUpgrade } from './context.ts'
import { checkRestart } from './etcd-restart.ts'
import { forgetUpgradeJournal, readUpgradeJournal, type UpgradeJournal, writeUpgradeJournal } from './journal.ts'
import { newManifest, upgradedStaticPods } from './manifests.ts'
import { renewCertificatesOf } from './renew.ts'

type Note = (text: string) => void
const quiet: Note = () => {}
/** What was well before will be again, however short the patience with the new one is; milliseconds. */
const patienceToGoBack = 120_000

/** Keeps the old manifests and a snapshot of etcd; an upgrade that was cut off has them already. */
export async function backUp(context: ControlPlaneUpgrade, note: Note = quiet): Promise<UpgradeJournal> {
  const { host, target, say } = context
  const begun = await readUpgradeJournal(host)
  const { kubernetesVersion: from } = await context.stored()
  if (context.dryRun) return begun ?? { from, target, manifests: '', replaced: [], returning: false }
  if (begun?.returning) {
    say('[upgrade/staticpods] An upgrade was cut off while it went back to the old manifests; that is done first')
    await putBack(context, begun, note)
  } else if (begun?.target === target) {
    return begun
  }
  const manifests = await backupFolder(host, 'kubeadm-backup-manifests')
  for (const name of staticPods) {
    const text = await host.files.readIfThere(manifestFile(name))
    if (text !== undefined) await host.files.write(`${manifests}/${name}.yaml`, text, { mode: 0o600 })
  }
  say(`[upgrade/staticpods] The old manifests are kept in ${manifests}`)
  note('etcd writes a snapshot')
  const folder = await backupFolder(host, 'kubeadm-backup-etcd')
  await context.snapshot(`${folder}/snapshot.db`)
  say(`[upgrade/etcd] A snapshot of etcd is kept in ${folder}/snapshot.db`)
  const journal = { from, target, manifests, replaced: [], returning: false }
  await writeUpgradeJournal(host, journal)
  return journal
}

/** Whether there is anything to go back from. */
export async function hasChanges(context: ControlPlaneUpgrade): Promise<boolean> {
  if (await readUpgradeJournal(context.host)) return true
  for (const name of await upgradedStaticPods(context)) {
    if ((await context.host.files.readIfThere(manifestFile(name))) !== (await newManifest(context, name))) return true
  }
  return false
}

/** Upgrades one static pod. Throws when it does not get healthy, with the old manifests back in place. */
export async function replaceStaticPod(
  context: ControlPlaneUpgrade,
  name: StaticPodName,
  note: Note = quiet,
): Promise<void> {
  const { host, say, dryRun } = context
  const text = await newManifest(context, name)
  const same = (await host.files.readIfThere(manifestFile(name))) === text
  const begun = await readUpgradeJournal(host)
  if (context.settings.certificateRenewal) await renewCertificatesOf(context, name)
  // One that was written just before an upgrade was cut off must still get healthy.
  if (same && !begun?.replaced.includes(name)) {
    say(`[upgrade/staticpods] Current and new manifests of ${name} are equal, skipping upgrade`)
    return
  }
  const journal = await backUp(context, note)
  if (!same) {
    if (name === 'etcd' && !dryRun) await checkRestart(host, context.node.name)
    const replaced = [...new Set([...journal.replaced, name])]
    if (!dryRun) await writeUpgradeJournal(host, { ...journal, replaced })
    await host.files.write(manifestFile(name), text, { mode: 0o600 })
  }
  if (dryRun) return
  try {
    await untilWell(context, name, text, note)
  } catch (error) {
    const now = (await readUpgradeJournal(host)) ?? journal
    say(`[upgrade/staticpods] ${name} does not get well; going back to the manifests of ${now.from}`)
    await putBack(context, now, note).catch(cause => {
      throw new Error(`${(error as Error).message}\nand going back failed, too: ${(cause as Error).message}`, { cause })
    })
    throw new Error(`${(error as Error).message}\nThe old manifests are back in place, and what they run is healthy`, {
      cause: error,
    })
  }
  say(`[upgrade/staticpods] Component ${JSON.stringify(name)} upgraded successfully!`)
}

/** Puts all that was replaced back, and waits until it is healthy. */
async function putBack(context: ControlPlaneUpgrade, journal: UpgradeJournal, note: Note): Promise<void> {
  const { host } = context
  await writeUpgradeJournal(host, { ...journal, returning: true })
  const old = new Map<StaticPodName, string>()
  for (const name of journal.replaced) {
    const text = await host.files.read(`${journal.manifests}/${name}.yaml`)
    old.set(name, text)
    await host.files.write(manifestFile(name), text, { mode: 0o600 })
  }
  // The time for the whole command may be over; a machine is not left half-way for that.
  const signal = new AbortController().signal
  for (const [name, text] of old) await untilWell({ ...context, signal }, name, text, note, patienceToGoBack)
  await forgetUpgradeJournal(host)
}

/** Waits until the pod of a manifest runs and is healthy. Throws with what its container said last. */
async function untilWell(
  context: ControlPlaneUpgrade,
  name: StaticPodName,
  text: string,
  note: Note,
  leastPatience = 0,
): Promise<void> {
  const patience = parseDuration(context.timeouts.upgradeManifests) ?? 300_000
  const end = Date.now() + Math.max(patience, leastPatience)
  for (;;) {
    const { lacks, hopeless } = await context.look(context, name, text)
    if (lacks === undefined) return
    note(`${name}: ${lacks}`)
    context.signal.throwIfAborted()
    if (hopeless || Date.now() > end) throw await diagnosis(context, name, lacks)
    await delay(100, context.signal)
  }
}
