import { formatDuration } from '../../base/duration.ts'
import { FlagError, type Flags, flagsHelp, parseFlags } from '../../base/flags.ts'
import { logger, setLogLevel } from '../../base/log.ts'
import { kubernetesVersion } from '../../base/version.ts'
import { writeLine } from '../print.ts'
import { UserError } from '../user-error.ts'
import type { Component } from './component-command.ts'

/** Reads a component's flags and runs it; says which flags were given in vain. */
export async function runComponent<F extends Flags>(
  { name, does, flags, run }: Component<F> & { readonly name: string; readonly does: string },
  words: readonly string[],
): Promise<number> {
  if (words.some(word => word === '--help' || word === '-h' || word === 'help')) {
    writeLine(`Usage: kobune ${name} [flags]\n\n${does}\n\n${flagsHelp(flags, formatDuration)}`)
    return 0
  }
  if (words.some(word => /^--version(=(true|raw))?$/.test(word))) {
    writeLine(`Kubernetes ${kubernetesVersion.gitVersion}`)
    return 0
  }
  try {
    const { given, ignored, said } = parseFlags(flags, words)
    const { v } = given as { v?: number }
    if (v !== undefined && v >= 4) setLogLevel(v >= 6 ? 'trace' : 'debug')
    const log = logger(name)
    for (const flag of ignored) log.debug({ flag: `--${flag}`, why: flags[flag]!.accepted }, 'a flag has no effect')
    return await run(given, said)
  } catch (error) {
    if (!(error instanceof FlagError)) throw error
    throw new UserError(`${name}: ${error.message}`, { hint: `kobune ${name} --help`, exitCode: 2, cause: error })
  }
}
