import type { LoadedConfiguration } from '../../bootstrap/config/load.ts'
import { linuxHost } from '../../host/host.ts'
import { UserError } from '../user-error.ts'

/** The text of a file that a flag names. */
export async function readConfigFile(flag: string, path: unknown): Promise<string> {
  if (typeof path !== 'string' || path === '')
    throw new UserError(`${flag} must name a configuration file`, { exitCode: 2 })
  const text = await linuxHost.files.readIfThere(path)
  if (text === undefined) throw new UserError(`${flag}: ${path} does not exist`)
  return text
}

/** Warnings of a configuration go to stderr: what is printed on stdout may be read by a program. */
export function tellWarnings({ warnings }: Pick<LoadedConfiguration, 'warnings'>): void {
  for (const line of warnings) process.stderr.write(`[config] WARNING: ${line}\n`)
}
