import type { Flags, Given } from '../../base/flags.ts'
import type { Command } from '../command.ts'

/** A component of Kubernetes under the name of upstream's program, with that program's flags. */
export interface Component<F extends Flags> {
  readonly flags: F
  /** Resolves to the exit code. */
  readonly run: (given: Given<F>, said: ReadonlySet<string>) => Promise<number>
}

/** The command of a component: hidden, but with help of its own. `load` gives its flags and what runs it. */
export function componentCommand<F extends Flags>(
  name: string,
  does: string,
  load: () => Promise<Component<F>>,
): Command {
  return {
    name,
    does,
    hidden: true,
    words: true,
    run: async call => {
      const { runComponent } = await import('./run-component.ts')
      return runComponent({ name, does, ...(await load()) }, call.args[0] as readonly string[])
    },
  }
}
