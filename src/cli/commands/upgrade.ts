import { kubernetesVersion } from '../../base/version.ts'
import type { UpgradeConfiguration } from '../../bootstrap/config/types.ts'
import { writeConfiguration } from '../../bootstrap/config/write.ts'
import { type DryRun, dryRunHost } from '../../bootstrap/dry-run.ts'
import {
  type ControlPlaneUpgrade,
  type Upgrade,
  type UpgradeSettings,
  upgradeContext,
} from '../../bootstrap/upgrade/context.ts'
import { manifestDiffs } from '../../bootstrap/upgrade/diff.ts'
import { applyPhases, nodePhases } from '../../bootstrap/upgrade/phases.ts'
import { upgradePlan } from '../../bootstrap/upgrade/plan.ts'
import { planText } from '../../bootstrap/upgrade/plan-text.ts'
import { checkPlan } from '../../bootstrap/upgrade/preflight.ts'
import { targetVersion } from '../../bootstrap/upgrade/version.ts'
import { linuxHost } from '../../host/host.ts'
import type { Call } from '../command.ts'
import { confirm } from '../confirm.ts'
import { mended } from '../mended.ts'
import { printResult, writeLine } from '../print.ts'
import { progress } from '../progress.ts'
import { UserError } from '../user-error.ts'
import { needsRoot } from './needs-root.ts'
import { listPhases, ownProgram, runOnePhase, runWorkflow, timeLimit, workflowConfiguration } from './workflow.ts'

const phases = { apply: applyPhases, node: nodePhases } as const
const hint = (command: string) =>
  `kobune upgrade ${command} goes on from here when it is given again; what was before is kept in /etc/kubernetes/tmp`

interface Prepared {
  readonly context: Upgrade
  readonly upgrade: UpgradeConfiguration
  readonly dry: DryRun | undefined
}

async function prepare(
  command: Upgrade['command'],
  call: Call,
  say: (line: string) => void = writeLine,
): Promise<Prepared> {
  needsRoot(`upgrade ${command}`)
  const { upgrade } = await workflowConfiguration('upgrade', linuxHost, call)
  const own: UpgradeConfiguration['apply'] & UpgradeConfiguration['plan'] = upgrade![command]
  const asked = typeof call.args[0] === 'string' ? call.args[0] : own.kubernetesVersion
  await mended(Promise.resolve().then(() => targetVersion(asked, kubernetesVersion.gitVersion)))
  const settings: UpgradeSettings = {
    certificateRenewal: own.certificateRenewal ?? true,
    etcdUpgrade: own.etcdUpgrade ?? true,
    force: own.forceUpgrade ?? false,
    dryRun: own.dryRun ?? false,
    ...(own.patches?.directory && { patches: own.patches.directory }),
    ignorePreflightErrors: own.ignorePreflightErrors ?? [],
    allowExperimental: own.allowExperimentalUpgrades ?? false,
    allowReleaseCandidates: own.allowRCUpgrades ?? false,
  }
  const dry = settings.dryRun ? dryRunHost(linuxHost, 'upgrade') : undefined
  const quiet = settings.force || settings.dryRun || call.options.yes === true
  const context = await mended(
    upgradeContext({
      command,
      host: dry?.host ?? linuxHost,
      settings,
      timeouts: upgrade!.timeouts,
      ...(typeof call.options.kubeconfig === 'string' && { kubeconfig: call.options.kubeconfig }),
      program: ownProgram(),
      signal: timeLimit(call),
      say,
      confirm: async () => {
        if (!quiet)
          await confirm(
            '[upgrade] Are you sure you want to proceed? [y/N]: ',
            'kobune upgrade apply --yes does not ask',
          )
      },
    }),
  )
  if (own.printConfig) say(writeConfiguration('cluster', await mended(context.stored())))
  return { context, upgrade: upgrade!, dry }
}

async function run(command: 'apply' | 'node', call: Call): Promise<number> {
  const { context, upgrade, dry } = await prepare(command, call)
  const skip = upgrade[command].skipPhases ?? []
  await runWorkflow({ command: `upgrade ${command}`, phases: phases[command], context, skip, hint: hint(command) })
  await dry?.tell(writeLine)
  return 0
}

/** `kobune upgrade apply [VERSION]` */
export const apply = (call: Call): Promise<number> => run('apply', call)
/** `kobune upgrade node` */
export const node = (call: Call): Promise<number> => run('node', { ...call, args: [] })

/** `kobune upgrade apply|node phase NAME` */
export async function upgradePhase(command: 'apply' | 'node', call: Call): Promise<number> {
  const words = (call.args[0] ?? []) as readonly string[]
  if (words.length === 0) {
    listPhases(phases[command])
    return 0
  }
  const { context, dry } = await prepare(command, { ...call, args: [] })
  const of = { command: `upgrade ${command}`, phases: phases[command], context, hint: hint(command) }
  await runOnePhase(of, words)
  await dry?.tell(writeLine)
  return 0
}

/** A context of a machine of the control plane. Throws UserError elsewhere. */
function onControlPlane(context: Upgrade): ControlPlaneUpgrade {
  if (context.endpoint) return context as ControlPlaneUpgrade
  throw new UserError(`this machine is not of the control plane; give kobune upgrade ${context.command} on one that is`)
}

/** `kobune upgrade plan [VERSION]`: what is not the plan goes to standard error when a program reads it. */
export async function plan(call: Call): Promise<number> {
  const { output } = call.options
  const tell = output === 'text' ? writeLine : (line: string) => void process.stderr.write(`${line}\n`)
  const context = onControlPlane((await prepare('plan', call, tell)).context)
  await mended(progress().step('Look at the cluster', note => checkPlan(context, note)))
  const made = await mended(upgradePlan(context))
  await printResult(output, made, all => planText(all, { target: context.target }))
  return 0
}

/** `kobune upgrade diff [VERSION]` */
export async function diff(call: Call): Promise<number> {
  const { context, upgrade } = await prepare('diff', call)
  const text = await mended(manifestDiffs(onControlPlane(context), upgrade.diff.contextLines ?? 3))
  if (text) writeLine(text)
  return 0
}
