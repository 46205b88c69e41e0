/**
 * What an upgrade of this machine's static pods has done so far. A run that was cut off finds here what to go on with, or
 * what to put back; one that ended leaves none.
 */
import type { Host } from '../../host/host.ts'
import type { StaticPodName } from '../manifests/static-pod.ts'
import { paths } from '../paths.ts'

export interface UpgradeJournal {
  readonly from: string
  readonly target: string
  /** The folder with the manifests as they were before. */
  readonly manifests: string
  /** The static pods whose manifests have been, or are just being, replaced. */
  readonly replaced: readonly StaticPodName[]
  /** The old manifests are being put back. */
  readonly returning: boolean
}

type Files = Pick<Host, 'files'>

/** Undefined when no upgrade is under way. */
export async function readUpgradeJournal({ files }: Files): Promise<UpgradeJournal | undefined> {
  const text = await files.readIfThere(paths.upgradeJournal)
  return text === undefined ? undefined : (JSON.parse(text) as UpgradeJournal)
}

export async function writeUpgradeJournal({ files }: Files, journal: UpgradeJournal): Promise<void> {
  await files.write(paths.upgradeJournal, `${JSON.stringify(journal, undefined, 2)}\n`, { mode: 0o600 })
}

/** The upgrade of the static pods is over. */
export async function forgetUpgradeJournal({ files }: Files): Promise<void> {
  await files.remove(paths.upgradeJournal)
}
