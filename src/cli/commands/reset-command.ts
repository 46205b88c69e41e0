import { onePhase, unlessDryRun } from '../alone.ts'
import type { Command, Option } from '../command.ts'
import { configOptions } from './init-command.ts'

const resetOptions: readonly Option[] = [
  ...configOptions('reset'),
  { flags: '--config <file>', does: 'file with a ResetConfiguration' },
  { flags: '--kubeconfig <file>', does: 'what to reach the cluster by' },
  { flags: '--timeout <duration>', does: 'how long all of it may take', default: '10m' },
]

/** `kobune reset`, and each of its phases alone. */
export const resetCommand: Command = {
  name: 'reset',
  does: 'Take this machine out of its cluster, and the cluster off this machine; needs root',
  options: resetOptions,
  examples: [
    ['kobune reset', 'Asks first'],
    ['kobune reset --force', 'Does not ask; goes on when the cluster cannot be reached'],
  ],
  commands: [
    {
      name: 'phase',
      does: 'Run one phase of reset alone',
      arguments: [{ name: 'phase', does: 'which', variadic: true, optional: true }],
      options: resetOptions,
      alone: onePhase,
      run: async call => (await import('./reset.ts')).resetPhase(call),
    },
  ],
  alone: unlessDryRun,
  run: async call => (await import('./reset.ts')).reset(call),
}
