import { componentCommand } from './component-command.ts'

/** The agent of a node: what `init` and `join` start, and what anybody may start who has a container runtime. */
export const kubeletCommand = componentCommand(
  'kubelet',
  'Run the pods of a node, keep its certificates, and balance its way to the API servers.',
  async () => {
    const [{ kubeletFlags: flags }, { runKubelet: run }] = await Promise.all([
      import('../../run/flags/kubelet.ts'),
      import('../../run/kubelet.ts'),
    ])
    return { flags, run }
  },
)
