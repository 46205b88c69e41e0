import { overlay } from '../../bootstrap/config/convert.ts'
import { type DryRun, dryRunHost } from '../../bootstrap/dry-run.ts'
import { type Join, joinContext, joinPhases } from '../../bootstrap/join.ts'
import { linuxHost } from '../../host/host.ts'
import type { Call } from '../command.ts'
import { writeLine } from '../print.ts'
import {
  demandRoot,
  listPhases,
  ownProgram,
  runOnePhase,
  runWorkflow,
  timeLimit,
  workflowConfiguration,
} from './workflow.ts'

const hint = 'kobune join goes on from here when it is given again; kobune reset takes back what it did'

async function prepare(
  call: Call,
  endpoint: string | undefined,
): Promise<{ readonly context: Join; readonly dry: DryRun | undefined }> {
  const { options } = call
  const loaded = await workflowConfiguration('join', linuxHost, call, flags => {
    const { controlPlane, ...given } = (flags.join ?? {}) as Record<string, object>
    const found = endpoint ? overlay(given, { discovery: { bootstrapToken: { apiServerEndpoint: endpoint } } }) : given
    // Only --control-plane makes a machine a part of it; what else is said of that is for then.
    return {
      ...flags,
      join: { ...(found as object), ...(options.controlPlane === true && { controlPlane: controlPlane ?? {} }) },
    }
  })
  const dry = loaded.join!.dryRun ? dryRunHost(linuxHost, 'join') : undefined
  const context = joinContext({
    host: dry?.host ?? linuxHost,
    join: loaded.join!,
    install: options.install !== false,
    program: ownProgram(),
    signal: timeLimit(call),
    say: writeLine,
  })
  return { context, dry }
}

/** `kobune join [ENDPOINT]` */
export async function join(call: Call): Promise<number> {
  const { context, dry } = await prepare(call, call.args[0] as string | undefined)
  if (!context.dryRun) demandRoot('join', context.node.ignorePreflightErrors)
  await runWorkflow({ command: 'join', phases: joinPhases, context, skip: context.join.skipPhases ?? [], hint })
  await dry?.tell(writeLine)
  return 0
}

/** `kobune join phase NAME` */
export async function joinPhase(call: Call): Promise<number> {
  const words = (call.args[0] ?? []) as readonly string[]
  if (words.length === 0) {
    listPhases(joinPhases)
    return 0
  }
  const { context, dry } = await prepare(call, call.options.endpoint as string | undefined)
  await runOnePhase({ command: 'join', phases: joinPhases, context, hint: 'kobune join phase --help' }, words)
  await dry?.tell(writeLine)
  return 0
}
