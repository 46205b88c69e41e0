/** The phases of a control plane without pods, in place of those that write static pods. */

import { startControlPlaneProcesses } from '../control-plane-services.ts'
import { apiServerCommand, controllerManagerCommand, schedulerCommand } from '../manifests/control-plane.ts'
import { etcdCommand } from '../manifests/etcd.ts'
import { type ControlPlaneProcesses, writeControlPlaneProcesses } from '../manifests/processes.ts'
import type { ControlPlaneContext, Layout } from '../node-context.ts'
import { etcdImage } from './manifests.ts'
import type { Phase } from './phase.ts'

/** A context that knows how its control plane is put together. */
export type WithLayout = ControlPlaneContext & { readonly layout: Layout }

/** The command lines that static pods would have. */
export async function processesOf(
  context: ControlPlaneContext,
  layout: ControlPlaneProcesses['layout'],
): Promise<ControlPlaneProcesses> {
  const { endpoint, timeouts, host, node, program } = context
  const cluster = await context.cluster()
  const externalCa = !(await host.files.exists(`${cluster.certificatesDir}/ca.key`))
  const options = { cluster, endpoint, timeouts, externalCa }
  const etcd = cluster.etcd.local && {
    etcd: etcdCommand({ cluster, nodeName: node.name, endpoint, image: await etcdImage(context, cluster) }),
  }
  const commands: ControlPlaneProcesses['commands'] = {
    ...etcd,
    'kube-apiserver': apiServerCommand(options),
    'kube-controller-manager': controllerManagerCommand(options),
    'kube-scheduler': schedulerCommand(options),
  }
  return { layout, commands, program }
}

export const writeProcessesPhase: Phase<WithLayout> = {
  name: 'control-plane-processes',
  does: 'Write the command lines of the control plane',
  when: ({ layout }) => layout !== 'static-pods',
  async run(context) {
    const { host, layout } = context
    if (layout === 'static-pods') throw new Error('the control plane of this layout is made of static pods')
    const { etcd } = await context.cluster()
    if (etcd.local) await host.files.makeDirectory(etcd.local.dataDir, { mode: 0o700 })
    await writeControlPlaneProcesses(host, await processesOf(context, layout))
  },
}

export const startProcessesPhase: Phase<WithLayout> = {
  name: 'control-plane-start',
  does: 'Start the control plane',
  when: ({ layout, dryRun }) => layout !== 'static-pods' && !dryRun,
  run: startControlPlaneProcesses,
}

/** A phase of static pods alone. */
export const ofPods = (phase: Phase<ControlPlaneContext>): Phase<WithLayout> => ({
  ...(phase as Phase<WithLayout>),
  when: async context => context.layout === 'static-pods' && ((await phase.when?.(context)) ?? true),
})
