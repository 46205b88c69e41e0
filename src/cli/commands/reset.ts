import { dryRunHost } from '../../bootstrap/dry-run.ts'
import { type Reset, resetPhases } from '../../bootstrap/reset.ts'
import { linuxHost } from '../../host/host.ts'
import type { Call } from '../command.ts'
import { confirm } from '../confirm.ts'
import { writeLine } from '../print.ts'
import { UserError } from '../user-error.ts'
import { listPhases, runOnePhase, runWorkflow, workflowConfiguration } from './workflow.ts'

const hint = 'kobune reset may be given again; --force goes on where the cluster cannot be reached'

async function prepare(call: Call) {
  const { reset } = await workflowConfiguration('reset', linuxHost, call)
  const dryRun = reset!.dryRun ?? false
  if (!dryRun && process.getuid?.() !== 0) throw new UserError('reset needs root', { hint: 'sudo kobune reset' })
  const dry = dryRun ? dryRunHost(linuxHost, 'reset') : undefined
  const context: Reset = {
    host: dry?.host ?? linuxHost,
    reset: reset!,
    dryRun,
    ...(typeof call.options.kubeconfig === 'string' && { kubeconfig: call.options.kubeconfig }),
    say: writeLine,
    confirm: async () => {
      if (reset!.force || dryRun) return
      writeLine('[reset] This takes the machine out of its cluster and removes all of its data.')
      await confirm('[reset] Are you sure you want to proceed? [y/N]: ', 'kobune reset --force does not ask')
    },
  }
  return { context, dry }
}

/** `kobune reset` */
export async function reset(call: Call): Promise<number> {
  const { context, dry } = await prepare(call)
  const skip = context.reset.skipPhases ?? []
  await runWorkflow({ command: 'reset', phases: resetPhases, context, skip, hint })
  await dry?.tell(writeLine)
  return 0
}

/** `kobune reset phase NAME` */
export async function resetPhase(call: Call): Promise<number> {
  const words = (call.args[0] ?? []) as readonly string[]
  if (words.length === 0) {
    listPhases(resetPhases)
    return 0
  }
  const { context, dry } = await prepare(call)
  await runOnePhase({ command: 'reset', phases: resetPhases, context, hint }, words)
  await dry?.tell(writeLine)
  return 0
}
