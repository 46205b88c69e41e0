/**
 * A workflow is a tree of phases. Running all of it, running one phase alone (`init phase NAME`), skipping some
 * (`--skip-phases`) and listing them in the help are walks of the same tree.
 */

/** One step of a workflow, or a group of steps. `Context` is what the steps of one workflow share. */
export interface Phase<Context> {
  /** One word of the path people type: `certs/apiserver`. */
  readonly name: string
  readonly does: string
  readonly phases?: readonly Phase<Context>[]
  /** Whether it has work in this run; default: yes. A phase asked for by name runs all the same. */
  readonly when?: (context: Context) => boolean | Promise<boolean>
  /** Finds its work done already when it is run again. `note` says what is being waited for. */
  readonly run?: (context: Context, note: (text: string) => void) => Promise<void>
}

/** How a phase's beginning and end are told. */
export type Report = <T>(title: string, work: (note: (text: string) => void) => Promise<T>) => Promise<T>

/** A phase failed; `path` is the whole way to it. */
export class PhaseError extends Error {
  override readonly name = 'PhaseError'
  readonly path: string
  constructor(path: string, cause: unknown) {
    super(`phase ${path}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
    this.path = path
  }
}

/** The paths of a tree in the order they run: `certs`, `certs/ca`, ... */
export function phasePaths<Context>(phases: readonly Phase<Context>[], under = ''): string[] {
  return phases.flatMap(phase => {
    const path = under + phase.name
    return [path, ...phasePaths(phase.phases ?? [], `${path}/`)]
  })
}

/** Which of some names are no paths of the tree; `addon/coredns` and `coredns` alone are not the same. */
export function unknownPhases<Context>(phases: readonly Phase<Context>[], names: readonly string[]): string[] {
  const known = new Set(phasePaths(phases))
  return names.filter(name => !known.has(name))
}

export interface RunPhasesOptions {
  readonly skip?: readonly string[]
  readonly report: Report
  /** Called before each phase that has work; a test ends the process there. */
  readonly before?: (path: string) => void
}

/** Runs a tree in order. A skipped phase skips all below it. Throws PhaseError. */
export async function runPhases<Context>(
  phases: readonly Phase<Context>[],
  context: Context,
  options: RunPhasesOptions,
  under = '',
): Promise<void> {
  for (const phase of phases) {
    const path = under + phase.name
    if (options.skip?.includes(path)) continue
    if (phase.when && !(await phase.when(context))) continue
    await runOne(phase, path, context, options)
  }
}

/** Runs one phase of a tree, with all below it, whether it has work by its own judgement or not. Throws PhaseError. */
export async function runPhase<Context>(
  phases: readonly Phase<Context>[],
  path: string,
  context: Context,
  options: RunPhasesOptions,
): Promise<void> {
  const found = path
    .split('/')
    .reduce<Phase<Context> | undefined>((at, name) => (at?.phases ?? []).find(phase => phase.name === name), {
      name: '',
      does: '',
      phases,
    })
  if (!found) throw new Error(`there is no phase ${path}; choose from ${phasePaths(phases).join(', ')}`)
  await runOne(found, path, context, options)
}

async function runOne<Context>(
  phase: Phase<Context>,
  path: string,
  context: Context,
  options: RunPhasesOptions,
): Promise<void> {
  if (phase.run) {
    options.before?.(path)
    try {
      await options.report(phase.does, note => phase.run!(context, note))
    } catch (error) {
      throw error instanceof PhaseError ? error : new PhaseError(path, error)
    }
  }
  if (phase.phases) await runPhases(phase.phases, context, options, `${path}/`)
}
