import { UserError } from '../user-error.ts'

/** Throws when a command that changes the machine is not run by root. */
export function needsRoot(command: string): void {
  if (process.getuid?.() !== 0) throw new UserError(`${command} needs root`, { hint: `sudo kobune ${command}` })
}
