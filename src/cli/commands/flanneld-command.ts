import type { Command } from '../command.ts'
import { componentCommand } from './component-command.ts'

const flanneld = componentCommand('flanneld', 'Connect the pod networks of machines, as flannel does.', async () => {
  const [{ flanneldFlags: flags }, { runFlanneld: run }] = await Promise.all([
    import('../../run/flags/flanneld.ts'),
    import('../../run/flanneld.ts'),
  ])
  return { flags, run }
})

/** flannel's daemon: the network between nodes as a process of its own, with a cluster or with etcd alone. */
export const flanneldCommand: Command = {
  ...flanneld,
  run: async call => {
    const { flanneldWords } = await import('../../run/flags/flanneld.ts')
    return flanneld.run!({ ...call, args: [flanneldWords(call.args[0] as readonly string[], process.env)] })
  },
}
