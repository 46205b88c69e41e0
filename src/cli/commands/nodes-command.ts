import type { Command, Option } from '../command.ts'
import { output } from '../command.ts'

const kubeconfig: Option = {
  flags: '--kubeconfig <file>',
  does: 'how to reach the cluster',
  default: '/etc/kubernetes/admin.conf',
}
const name = { name: 'name', does: 'of the Node' } as const
const removal: readonly Option[] = [
  { flags: '--force', does: 'for a machine that is off for good; also loses pods that nobody makes again' },
  { flags: '--grace <seconds>', does: 'how long pods may take to end (default: what each of them says)' },
  { flags: '--timeout <duration>', does: 'how long all of it may take', default: '10m' },
  kubeconfig,
]

/** `kobune nodes` */
export const nodesCommand: Command = {
  name: 'nodes',
  does: 'The machines of the cluster: look at them, remove and replace them, start and stop this one',
  commands: [
    {
      name: 'list',
      does: 'Show every machine: its etcd, its API server, its certificates',
      options: [kubeconfig, output],
      examples: [['kobune nodes list', 'On a machine of the control plane']],
      run: async call => (await import('./nodes.ts')).list(call),
    },
    {
      name: 'remove',
      does: 'Take a machine out of the cluster, whether it still answers or not; on a machine of the control plane, as root',
      arguments: [name],
      options: removal,
      examples: [
        ['kobune nodes remove w1', 'Its pods move to other machines first'],
        ['kobune nodes remove cp2 --force', 'The machine is lost'],
      ],
      run: async call => (await import('./nodes.ts')).remove(call),
    },
    {
      name: 'replace',
      does: 'Remove a machine that is lost, and print what to type on the one that takes its place; needs root',
      arguments: [name],
      options: [
        ...removal,
        { flags: '--control-plane', does: 'the new one is of the control plane, where that cannot be told any more' },
      ],
      examples: [['kobune nodes replace cp2', 'Its last line is the command for the new machine']],
      run: async call => (await import('./nodes.ts')).replace(call),
    },
    {
      name: 'start',
      does: 'Start the services of this machine again, after a reboot without systemd; needs root',
      examples: [['kobune nodes start', 'Fine to give when they run']],
      run: async () => (await import('./node-services.ts')).startServices(),
    },
    {
      name: 'stop',
      does: 'Stop the services of this machine; its containers go on running; needs root',
      examples: [['kobune nodes stop', '`kobune nodes start` brings them back']],
      run: async () => (await import('./node-services.ts')).stopServices(),
    },
  ],
}
