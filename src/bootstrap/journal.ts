/**
 * What `init` or `join` has begun on this machine. A run that was cut off goes on when the same command is given again;
 * any other finds a refusal, so that a machine is never made half of one thing and half of another.
 */
import { createHash } from 'node:crypto'
import type { Host } from '../host/host.ts'
import { paths } from './paths.ts'

export interface Journal {
  readonly command: 'init' | 'join'
  readonly nodeName: string
  readonly controlPlane: boolean
  /** Of everything that must be the same for a run to go on. */
  readonly fingerprint: string
  readonly finished: boolean
  readonly criSocket: string
}

/** Undefined on a machine where neither was begun. */
export async function readJournal({ files }: Pick<Host, 'files'>): Promise<Journal | undefined> {
  const text = await files.readIfThere(paths.journal)
  return text === undefined ? undefined : (JSON.parse(text) as Journal)
}

export async function writeJournal({ files }: Pick<Host, 'files'>, journal: Journal): Promise<void> {
  await files.write(paths.journal, `${JSON.stringify(journal, undefined, 2)}\n`, { mode: 0o600 })
}

/** Of texts that say what was asked for. */
export function fingerprint(...parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}

/** Whether this run takes up one that was cut off. Throws when the machine belongs to something else already. */
export function resumes(journal: Journal | undefined, asked: Omit<Journal, 'finished'>): boolean {
  if (!journal) return false
  const { command, nodeName, finished } = journal
  if (finished) {
    throw new Error(
      `this machine is the node ${nodeName} of a cluster already (made by kobune ${command}); take it out with: kobune reset`,
    )
  }
  if (command !== asked.command || journal.fingerprint !== asked.fingerprint) {
    throw new Error(
      `kobune ${command} was begun on this machine, for other settings, and did not end; give the same command again, or take back what it did with: kobune reset`,
    )
  }
  return true
}
