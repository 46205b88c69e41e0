import { componentCommand } from './component-command.ts'

/** Services on a node: what the DaemonSet kube-proxy runs. */
export const kubeProxyCommand = componentCommand(
  'kube-proxy',
  'Keep the rules of this machine equal to the Services of the cluster.',
  async () => {
    const [{ kubeProxyFlags: flags }, { runKubeProxy: run }] = await Promise.all([
      import('../../run/flags/kube-proxy.ts'),
      import('../../run/kube-proxy.ts'),
    ])
    return { flags, run }
  },
)
