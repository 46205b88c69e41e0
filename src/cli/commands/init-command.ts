import { configFlags } from '../../bootstrap/config/flags.ts'
import { onePhase, unlessDryRun } from '../alone.ts'
import type { Command, Option } from '../command.ts'

type Workflow = keyof typeof configFlags

/** Options of a command that fill its configuration. */
export function configOptions(command: Workflow): readonly Option[] {
  return configFlags[command].map(({ flags, does, many }) => ({ flags, does, ...(many && { many }) }))
}

/** Options of both commands that make a node, besides those of the configuration. */
export const nodeOptions: readonly Option[] = [
  { flags: '--config <file>', does: 'configuration file of kubeadm.k8s.io/v1beta2, v1beta3 or v1beta4' },
  { flags: '--no-install', does: 'fail rather than install missing Debian packages' },
  { flags: '--timeout <duration>', does: 'how long all of it may take', default: '15m' },
]

const initOptions: readonly Option[] = [
  ...configOptions('init'),
  ...nodeOptions,
  {
    flags: '--layout <layout>',
    does: 'how the control plane runs: as static pods (default), in one process over SQLite, or as systemd units',
    choices: ['static-pods', 'in-process', 'systemd'],
  },
  { flags: '--upload-certs', does: 'upload the shared certificates for machines that join the control plane' },
  {
    flags: '--for-kubeadm <version>',
    does: "store the configuration as this kubeadm reads it, so that machines join with it: 1.20; default: Kobune's own",
  },
  { flags: '--skip-token-print', does: 'do not show the token' },
  { flags: '--skip-certificate-key-print', does: 'do not show the key of the uploaded certificates' },
  { flags: '--kubeconfig <file>', does: 'for phases alone: what to reach the cluster by' },
]

/** `kobune init`, and each of its phases alone. */
export const initCommand: Command = {
  name: 'init',
  does: 'Make this machine the first of a cluster, as kubeadm does; needs root',
  options: initOptions,
  examples: [
    ['kobune init', 'A control plane of one machine, which others can join'],
    ['kobune init --control-plane-endpoint lb.example.com:6443 --upload-certs', 'The first of several'],
    ['kobune init --layout in-process', 'A small control plane for one machine and its workers, without etcd'],
    ['kobune init --config kubeadm.yaml', 'By a configuration file'],
    ['kobune init --dry-run', 'Show what would be done'],
  ],
  commands: [
    {
      name: 'phase',
      does: 'Run one phase of init alone',
      arguments: [
        {
          name: 'phase',
          does: 'which: certs apiserver, kubeconfig admin, upload-certs, ...',
          variadic: true,
          optional: true,
        },
      ],
      options: initOptions,
      examples: [
        ['kobune init phase', 'List the phases'],
        ['kobune init phase upload-certs --upload-certs', 'Upload the shared certificates again'],
        ['kobune init phase certs all', 'Make all certificates that are missing'],
      ],
      alone: onePhase,
      run: async call => (await import('./init.ts')).initPhase(call),
    },
  ],
  alone: unlessDryRun,
  run: async call => (await import('./init.ts')).init(call),
}
