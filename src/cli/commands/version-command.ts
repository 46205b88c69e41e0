import type { Command } from '../command.ts'

/** `kobune version` */
export const versionCommand: Command = {
  name: 'version',
  does: 'Print the version, as kubeadm does',
  options: [
    {
      flags: '-o, --output <format>',
      does: 'how; default: one line of everything',
      choices: ['short', 'json', 'yaml'],
    },
  ],
  examples: [['kobune version -o short', 'The version of Kubernetes alone']],
  run: async call => (await import('./version.ts')).version(call),
}
