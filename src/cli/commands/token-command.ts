import type { Command, Option } from '../command.ts'
import { output } from '../command.ts'

const common: readonly Option[] = [
  {
    flags: '--kubeconfig <file>',
    does: 'how to reach the cluster',
    default: '/etc/kubernetes/admin.conf',
  },
  { flags: '--dry-run', does: 'say what would be done, and change nothing' },
]

/** `kobune token` */
export const tokenCommand: Command = {
  name: 'token',
  does: 'Tokens that machines join the cluster with',
  commands: [
    {
      name: 'create',
      does: 'Make a token and print it',
      arguments: [{ name: 'token', does: 'id.secret; default: a new one', optional: true }],
      options: [
        ...common,
        { flags: '--ttl <duration>', does: 'how long it lives (24h); 0: for ever' },
        { flags: '--usages <names>', does: 'signing,authentication by default', many: true },
        { flags: '--groups <names>', does: 'groups it authenticates as', many: true },
        { flags: '--description <text>', does: 'what it is for' },
        { flags: '--print-join-command', does: 'print the whole command line to join with' },
        { flags: '--certificate-key <key>', does: 'with it: the line for a machine of the control plane' },
        { flags: '--config <file>', does: 'take the tokens of this configuration file' },
      ],
      examples: [
        ['kobune token create --print-join-command', 'What to run on a new machine'],
        ['kobune token create --ttl 2h --description "for the new rack"', 'For a short time'],
      ],
      run: async call => (await import('./token.ts')).create(call),
    },
    {
      name: 'list',
      does: 'Show the tokens of the cluster',
      options: [...common, output],
      run: async call => (await import('./token.ts')).list(call),
    },
    {
      name: 'delete',
      does: 'Delete tokens: nobody can join with them any more',
      arguments: [{ name: 'token', does: 'id, or id.secret', variadic: true }],
      options: [...common],
      examples: [['kobune token delete abcdef', 'By its id']],
      run: async call => (await import('./token.ts')).remove(call),
    },
    {
      name: 'generate',
      does: 'Print a new token, and do nothing else',
      run: async () => (await import('./token.ts')).generate(),
    },
  ],
}
