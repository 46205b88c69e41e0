import { always } from '../alone.ts'
import type { Command } from '../command.ts'
import { output } from '../command.ts'

const file = { name: 'file', does: 'the snapshot' } as const

/** `kobune snapshot` */
export const snapshotCommand: Command = {
  name: 'snapshot',
  does: 'Back up what the cluster stores, and bring it back',
  commands: [
    {
      name: 'save',
      does: 'Write all that the cluster stores to a file, while it runs; needs root. The file holds Secrets: keep it safe',
      arguments: [file],
      options: [
        { flags: '--endpoints <urls>', does: 'etcd to ask (default: that of this machine), comma separated' },
        { flags: '--cacert <file>', does: 'with --endpoints: who signed the certificates of etcd' },
        { flags: '--cert <file>', does: 'with --endpoints: certificate to show to etcd' },
        { flags: '--key <file>', does: 'with --endpoints: its key' },
        output,
      ],
      examples: [
        ['kobune snapshot save backup.db', 'On a machine of the control plane, or of `kobune up`'],
        [
          'kobune snapshot save backup.db --endpoints https://10.0.0.5:2379 --cacert ca.crt --cert client.crt --key client.key',
          'Of another etcd',
        ],
      ],
      run: async call => (await import('./snapshot.ts')).save(call),
    },
    {
      name: 'status',
      does: 'Verify a snapshot and show what is in it',
      arguments: [file],
      options: [output],
      examples: [['kobune snapshot status backup.db -o json', 'The fields are those of etcdctl']],
      run: async call => (await import('./snapshot.ts')).status(call),
    },
    {
      name: 'restore',
      does: 'Bring back the state of a snapshot on this machine; needs root. The present state is put aside, not deleted',
      arguments: [file],
      options: [
        { flags: '--force', does: 'also where the present state is well: what was written since the snapshot is lost' },
        {
          flags: '--bump-revision <count>',
          does: 'how far the revision jumps ahead of all that clients have seen',
          default: '1000000000',
        },
        {
          flags: '--node-name <name>',
          does: 'on a machine without a control plane: its name to be (default: the host name)',
        },
        {
          flags: '--address <address>',
          does: 'on a machine without a control plane: its address to be (default: that of the default route)',
        },
        { flags: '--cri-socket <socket>', does: 'socket of the container runtime' },
        { flags: '--no-install', does: 'fail rather than install missing Debian packages' },
        { flags: '--timeout <duration>', does: 'how long all of it may take', default: '15m' },
      ],
      examples: [
        ['kobune snapshot restore backup.db', 'After the loss of etcd, or before `kobune init` on a new machine'],
      ],
      alone: always,
      run: async call => (await import('./snapshot.ts')).restore(call),
    },
  ],
}
