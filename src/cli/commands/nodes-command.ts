import type { Command } from '../command.ts'

/** `kobune nodes`: machines of a cluster. */
export const nodesCommand: Command = {
  name: 'nodes',
  does: 'Machines of a cluster made by init and join',
  commands: [
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
