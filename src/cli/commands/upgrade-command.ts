import { configFlags } from '../../bootstrap/config/flags.ts'
import { onePhase, unlessDryRun } from '../alone.ts'
import { type Argument, type Command, type Option, output } from '../command.ts'

type Upgrade = 'plan' | 'apply' | 'node' | 'diff'

/** Those of the flags that fill the configuration of one of the commands. */
function optionsOf(command: Upgrade): readonly Option[] {
  const own = configFlags.upgrade.filter(({ into }) => into.some(({ path }) => path.startsWith(`${command}.`)))
  return [
    ...own.map(({ flags, does, many }) => ({ flags, does, ...(many && { many }) })),
    { flags: '--config <file>', does: 'file with an UpgradeConfiguration' },
    { flags: '--kubeconfig <file>', does: 'what to reach the cluster by' },
    { flags: '--timeout <duration>', does: 'how long all of it may take', default: '30m' },
  ]
}

const version: Argument = { name: 'version', does: "the version to go to: this program's", optional: true }
const applyOptions: readonly Option[] = [...optionsOf('apply'), { flags: '-y, --yes', does: 'do not ask' }]

function phaseCommand(command: 'apply' | 'node', options: readonly Option[]): Command {
  return {
    name: 'phase',
    does: `Run one phase of upgrade ${command} alone`,
    arguments: [{ name: 'phase', does: 'which', variadic: true, optional: true }],
    options,
    examples: [[`kobune upgrade ${command} phase`, 'List the phases']],
    alone: onePhase,
    run: async call => (await import('./upgrade.ts')).upgradePhase(command, call),
  }
}

/** `kobune upgrade` */
export const upgradeCommand: Command = {
  name: 'upgrade',
  does: 'Upgrade a cluster to the version of this program, machine by machine; needs root',
  commands: [
    {
      name: 'plan',
      does: 'Show what would be upgraded, and check that the cluster is fit for it',
      arguments: [version],
      options: [...optionsOf('plan'), output],
      examples: [['kobune upgrade plan', 'On a machine of the control plane']],
      run: async call => (await import('./upgrade.ts')).plan(call),
    },
    {
      name: 'apply',
      does: 'Upgrade the first machine of the control plane',
      arguments: [version],
      options: applyOptions,
      examples: [
        ['kobune upgrade apply', 'Goes back by itself when the new version does not get healthy'],
        ['kobune upgrade apply --dry-run', 'Show what would be done'],
      ],
      commands: [phaseCommand('apply', applyOptions)],
      alone: unlessDryRun,
      run: async call => (await import('./upgrade.ts')).apply(call),
    },
    {
      name: 'node',
      does: 'Upgrade another machine of the cluster, once the first is',
      options: optionsOf('node'),
      examples: [['kobune upgrade node', 'Of the control plane, or a worker']],
      commands: [phaseCommand('node', optionsOf('node'))],
      alone: unlessDryRun,
      run: async call => (await import('./upgrade.ts')).node(call),
    },
    {
      name: 'diff',
      does: 'Show how the manifests of this machine would change',
      arguments: [version],
      options: optionsOf('diff'),
      examples: [['kobune upgrade diff --context-lines 0', 'The changed lines alone']],
      run: async call => (await import('./upgrade.ts')).diff(call),
    },
  ],
}
