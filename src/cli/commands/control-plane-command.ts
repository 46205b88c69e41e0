import type { Command } from '../command.ts'
import { componentCommand } from './component-command.ts'

/** The components of a control plane, each as a process of its own: what static pods run. */
export const controlPlaneCommands: readonly Command[] = [
  componentCommand('kube-apiserver', 'Serve the Kubernetes API on a store.', async () => {
    const [{ kubeApiserverFlags: flags }, { runKubeApiserver: run }] = await Promise.all([
      import('../../run/flags/kube-apiserver.ts'),
      import('../../run/kube-apiserver.ts'),
    ])
    return { flags, run }
  }),
  componentCommand('kube-controller-manager', 'Run the controllers, on one of the candidates at a time.', async () => {
    const [{ kubeControllerManagerFlags: flags }, { runKubeControllerManager: run }] = await Promise.all([
      import('../../run/flags/kube-controller-manager.ts'),
      import('../../run/kube-controller-manager.ts'),
    ])
    return { flags, run }
  }),
  componentCommand('kube-scheduler', 'Give pods their nodes, on one of the candidates at a time.', async () => {
    const [{ kubeSchedulerFlags: flags }, { runKubeScheduler: run }] = await Promise.all([
      import('../../run/flags/kube-scheduler.ts'),
      import('../../run/kube-scheduler.ts'),
    ])
    return { flags, run }
  }),
]
