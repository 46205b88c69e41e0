/** What the commands that run workflows share: their configuration, their phases, how they fail. */
import { parseDuration } from '../../base/duration.ts'
import { ConfigurationError } from '../../bootstrap/config/configuration-error.ts'
import { machineFacts } from '../../bootstrap/config/facts.ts'
import { checkBesideConfig, type configFlags, flagsToConfiguration } from '../../bootstrap/config/flags.ts'
import { configurationWithoutFile, type LoadedConfiguration, loadConfiguration } from '../../bootstrap/config/load.ts'
import { DiscoveryError } from '../../bootstrap/discovery/discover.ts'
import { type Phase, PhaseError, phasePaths, runPhase, runPhases, unknownPhases } from '../../bootstrap/phases/phase.ts'
import { PreflightError } from '../../bootstrap/preflight/finding.ts'
import type { Host } from '../../host/host.ts'
import type { Call } from '../command.ts'
import { writeLine } from '../print.ts'
import { progress } from '../progress.ts'
import { UserError } from '../user-error.ts'
import { readConfigFile, tellWarnings } from './config-file.ts'
import { needsRoot } from './needs-root.ts'

/** Options that have values without being given, and those that say nothing of the configuration. */
const given = ['timeout', 'install', 'kubeconfig', 'output', 'layout', 'forKubeadm']

type Flags = ReturnType<typeof flagsToConfiguration>

/** The configuration of a command out of its file, its flags and this machine. Warnings go to standard error. */
export async function workflowConfiguration(
  kind: keyof typeof configFlags,
  host: Host,
  { options }: Call,
  adjust: (flags: Flags) => Flags = flags => flags,
): Promise<LoadedConfiguration> {
  try {
    checkBesideConfig(options, given)
    const facts = await machineFacts(host)
    const flags = adjust(flagsToConfiguration(kind, options))
    const file = options.config as string | undefined
    const text = file === undefined ? undefined : await readConfigFile('--config', file)
    const loaded =
      text === undefined
        ? configurationWithoutFile({ kind, facts, flags })
        : loadConfiguration(text, file!, { kind, facts, flags })
    tellWarnings(loaded)
    return loaded
  } catch (error) {
    if (error instanceof ConfigurationError) throw new UserError(error.message, { exitCode: 2, cause: error })
    throw error
  }
}

/** Aborts when the time given with --timeout is over. */
export function timeLimit({ options }: Call): AbortSignal {
  const timeout = parseDuration(String(options.timeout))
  if (timeout === undefined) {
    throw new UserError(`--timeout: ${String(options.timeout)} is no duration such as 90s`, { exitCode: 2 })
  }
  return AbortSignal.timeout(timeout)
}

/** How processes of the cluster are started: this program, as it runs now. */
export const ownProgram = (): readonly string[] => [process.execPath, ...process.execArgv, process.argv[1]!]

export interface RunWorkflow<Context> {
  readonly command: string
  readonly phases: readonly Phase<Context>[]
  readonly context: Context
  readonly skip?: readonly string[]
  /** What to do when it was cut off or failed. */
  readonly hint: string
}

/** Runs all of a workflow. Throws UserError. */
export async function runWorkflow<Context>(run: RunWorkflow<Context>): Promise<void> {
  const unknown = unknownPhases(run.phases, run.skip ?? [])
  if (unknown.length) {
    throw new UserError(`--skip-phases: there is no phase ${unknown.join(', ')}`, {
      hint: `kobune ${run.command} phase`,
      exitCode: 2,
    })
  }
  await explained(run, () =>
    runPhases(run.phases, run.context, { ...(run.skip && { skip: run.skip }), report, before }),
  )
}

/** Runs one phase alone, or lists them when none is named. Throws UserError. */
export async function runOnePhase<Context>(run: RunWorkflow<Context>, words: readonly string[]): Promise<void> {
  const path = words.filter(word => word !== 'all').join('/')
  if (!phasePaths(run.phases).includes(path)) {
    throw new UserError(`there is no phase ${words.join(' ')}`, { hint: `kobune ${run.command} phase`, exitCode: 2 })
  }
  await explained(run, () => runPhase(run.phases, path, run.context, { report, before }))
}

/**
 * Throws for who is not root, before anything is looked at that only root may see: the check of that name would come too
 * late. It may be ignored, as all checks.
 */
export function demandRoot(command: string, ignored: readonly string[] = []): void {
  const goOn = ignored.some(name => ['all', 'isprivilegeduser'].includes(name.toLowerCase()))
  if (!goOn) needsRoot(command)
}

/** The tree, a line each. */
export function listPhases<Context>(phases: readonly Phase<Context>[]): void {
  const walk = (all: readonly Phase<Context>[], words: string): void => {
    for (const { name, does, phases: below = [] } of all) {
      writeLine(`${`${words}${name}`.padEnd(48)} ${does}`)
      walk(below, `${words}${name} `)
    }
  }
  walk(phases, '')
}

const show = progress()
const report: Parameters<typeof runPhases>[2]['report'] = (title, work) => show.step(title, work)

/** Ends the process as a power cut would, before the phase that a test names. */
function before(path: string): void {
  if (process.env.KOBUNE_TEST_STOP_BEFORE === path) process.kill(process.pid, 'SIGKILL')
}

async function explained<Context>({ command, hint }: RunWorkflow<Context>, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    const cause = error instanceof PhaseError ? error.cause : error
    if (cause instanceof UserError) throw cause
    // Nothing was changed before these.
    const before = error instanceof PhaseError && error.path === 'preflight'
    if (cause instanceof PreflightError || cause instanceof DiscoveryError || (before && cause instanceof Error))
      throw new UserError(cause.message, { cause })
    const timedOut = (error as Error).name === 'TimeoutError' || (cause as Error)?.name === 'TimeoutError'
    const message = timedOut ? `kobune ${command} did not end within --timeout` : (error as Error).message
    throw new UserError(message, { cause: error, hint })
  }
}
