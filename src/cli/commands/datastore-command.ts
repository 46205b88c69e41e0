import type { Command } from '../command.ts'

/** `kobune datastore` */
export const datastoreCommand: Command = {
  name: 'datastore',
  does: 'Where the cluster keeps its state',
  commands: [
    {
      name: 'migrate',
      does: 'Move from SQLite to etcd: the cluster of `kobune up` on this machine becomes one that other machines can join as control plane; or copy a database into an etcd elsewhere. Needs root',
      options: [
        { flags: '--to <store>', does: '`etcd`: on this machine; or the URLs of an empty etcd, comma separated' },
        {
          flags: '--from <store>',
          does: 'with URLs: sqlite:FILE, a database that no server has open, or a snapshot of one',
        },
        { flags: '--cacert <file>', does: 'with URLs: who signed the certificates of etcd' },
        { flags: '--cert <file>', does: 'with URLs: certificate to show to etcd' },
        { flags: '--key <file>', does: 'with URLs: its key' },
        { flags: '--no-install', does: 'fail rather than install missing Debian packages' },
        { flags: '--timeout <duration>', does: 'how long all of it may take', default: '15m' },
      ],
      examples: [
        ['kobune datastore migrate --to etcd', 'Pods go on running; the API is away for some seconds'],
        [
          'kobune datastore migrate --from sqlite:backup.db --to https://10.0.0.5:2379 --cacert ca.crt --cert client.crt --key client.key',
          'Copy a snapshot into an external etcd',
        ],
      ],
      // Into an etcd elsewhere, a file is copied.
      alone: ({ options }) => options.to === 'etcd',
      run: async call => (await import('./datastore.ts')).migrate(call),
    },
  ],
}
