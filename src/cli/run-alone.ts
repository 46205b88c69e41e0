/** Commands that change a machine as a whole run one at a time on it: two of them would undo what each other does. */
import { linuxHost } from '../host/host.ts'
import { takeLock } from '../host/lock.ts'
import { UserError } from './user-error.ts'

const lockFile = '/run/kobune-command.lock'
/** Tells who has the lock. */
const holderFile = '/run/kobune-command.json'
/** EX_TEMPFAIL of sysexits.h: nothing is wrong but the moment. */
const tryLater = 75

interface Holder {
  readonly command: string
  readonly pid: number
  readonly since: string
}

/** Runs the work of a command, or throws UserError when another one changes the machine just now. */
export async function runAlone(command: string, work: () => Promise<number>): Promise<number> {
  // Others may not write there, and none of these commands does anything for them.
  if (process.getuid?.() !== 0) return work()
  const unlock = takeLock(lockFile)
  if (!unlock) {
    const text = await linuxHost.files.readIfThere(holderFile)
    const holder = text === undefined ? undefined : (JSON.parse(text) as Holder)
    const who = holder && `: ${holder.command}, process ${holder.pid}, since ${holder.since}`
    throw new UserError(`another command is changing this machine${who ?? ''}; nothing was done`, {
      hint: `${command}, when that has ended`,
      exitCode: tryLater,
    })
  }
  try {
    const holder: Holder = { command, pid: process.pid, since: new Date().toISOString() }
    await linuxHost.files.write(holderFile, JSON.stringify(holder), { mode: 0o600 })
    return await work()
  } finally {
    await linuxHost.files.remove(holderFile)
    unlock()
  }
}
