import { onePhase, unlessDryRun } from '../alone.ts'
import type { Command, Option } from '../command.ts'
import { configOptions, nodeOptions } from './init-command.ts'

const joinOptions: readonly Option[] = [
  ...configOptions('join'),
  ...nodeOptions,
  { flags: '--control-plane', does: 'become a member of the control plane' },
]

/** `kobune join`, and each of its phases alone. */
export const joinCommand: Command = {
  name: 'join',
  does: 'Make this machine a node of a cluster; needs root',
  arguments: [{ name: 'endpoint', does: 'host:port of the API server', optional: true }],
  options: joinOptions,
  examples: [
    [
      'kobune join 192.0.2.1:6443 --token abcdef.0123456789abcdef --discovery-token-ca-cert-hash sha256:...',
      'A worker',
    ],
    ['kobune join --config join.yaml', 'By a configuration file'],
  ],
  commands: [
    {
      name: 'phase',
      does: 'Run one phase of join alone',
      arguments: [{ name: 'phase', does: 'which', variadic: true, optional: true }],
      options: [...joinOptions, { flags: '--endpoint <host:port>', does: 'of the API server' }],
      examples: [['kobune join phase', 'List the phases']],
      alone: onePhase,
      run: async call => (await import('./join.ts')).joinPhase(call),
    },
  ],
  alone: unlessDryRun,
  run: async call => (await import('./join.ts')).join(call),
}
