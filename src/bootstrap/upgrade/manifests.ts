/** The manifests that this program would write for a machine that is of the control plane already. */
import { argumentOf } from '../manifests/arguments.ts'
import { type EtcdPodOptions, etcdPod } from '../manifests/etcd.ts'
import { readControlPlaneProcesses } from '../manifests/processes.ts'
import { type StaticPodName, staticPods } from '../manifests/static-pod.ts'
import { writtenCommand } from '../manifests/written.ts'
import { componentPod, etcdImage, manifestText } from '../phases/manifests.ts'
import type { ControlPlaneUpgrade } from './context.ts'

/** The static pods of this machine, in the order they are upgraded. */
export async function ownStaticPods(
  context: Pick<ControlPlaneUpgrade, 'cluster' | 'host'>,
): Promise<readonly StaticPodName[]> {
  if (await readControlPlaneProcesses(context.host)) return []
  const { etcd } = await context.cluster()
  return staticPods.filter(name => name !== 'etcd' || etcd.local)
}

/** Those of them that this upgrade is to replace. */
export async function upgradedStaticPods(
  context: Pick<ControlPlaneUpgrade, 'cluster' | 'settings' | 'host'>,
): Promise<readonly StaticPodName[]> {
  return (await ownStaticPods(context)).filter(name => name !== 'etcd' || context.settings.etcdUpgrade)
}

/** The text of the new manifest. Whom etcd was told to join stays as it is: its data knows the members. */
export async function newManifest(context: ControlPlaneUpgrade, name: StaticPodName): Promise<string> {
  if (name !== 'etcd') return manifestText(context, name, await componentPod(context, name))
  const { node, endpoint } = context
  const cluster = await context.cluster()
  const members = await joinedMembers(context)
  const image = await etcdImage(context, cluster)
  return manifestText(context, name, etcdPod({ cluster, nodeName: node.name, endpoint, image, ...members }))
}

async function joinedMembers({ host }: Pick<ControlPlaneUpgrade, 'host'>): Promise<Pick<EtcdPodOptions, 'members'>> {
  const written = (await writtenCommand(host, 'etcd')) ?? []
  if (argumentOf(written, 'initial-cluster-state') !== 'existing') return {}
  const members = (argumentOf(written, 'initial-cluster') ?? '').split(',').map(member => {
    const at = member.indexOf('=')
    return { name: member.slice(0, at), peerUrl: member.slice(at + 1) }
  })
  return { members }
}
