/** The phases of `upgrade apply` and `upgrade node`, in kubeadm's order. */
import type { StaticPodName } from '../manifests/static-pod.ts'
import { staticPods } from '../manifests/static-pod.ts'
import { addonPhase } from '../phases/addons.ts'
import { bootstrapTokenPhase } from '../phases/bootstrap-token.ts'
import type { Phase } from '../phases/phase.ts'
import { packImages } from '../phases/runtime.ts'
import { uploadClusterConfiguration } from '../phases/upload-config.ts'
import { restartKubelet } from '../services.ts'
import { apiServerVersions, notUpgraded } from './api-servers.ts'
import { type ControlPlaneUpgrade, storedKubeProxy, type Upgrade } from './context.ts'
import { checkHealth } from './health.ts'
import { forgetUpgradeJournal } from './journal.ts'
import { applyKubeletConfiguration, upgradeKubeletConfiguration } from './kubelet-configuration.ts'
import { upgradedStaticPods } from './manifests.ts'
import { checkApply, checkUpgradeNode, kubeletVersions, serversToWaitFor, settle } from './preflight.ts'
import { processesHere, upgradeProcesses } from './processes.ts'
import { renewAdministrators } from './renew.ts'
import { backUp, hasChanges, replaceStaticPod } from './replace.ts'
import { compareVersions, parseVersion, versionOf } from './version.ts'

const onControlPlane = (context: Upgrade) => Boolean(context.endpoint)
/** Phases of machines of the control plane. */
const only = (phase: Phase<ControlPlaneUpgrade>): Phase<Upgrade> => ({
  ...(phase as Phase<Upgrade>),
  when: async context => onControlPlane(context) && ((await phase.when?.(context as ControlPlaneUpgrade)) ?? true),
})

const imagesPhase: Phase<Upgrade> = {
  name: 'images',
  does: 'Pack images',
  when: context => !context.dryRun,
  run: packImages,
}

function staticPodPhase(name: StaticPodName): Phase<ControlPlaneUpgrade> {
  return {
    name: name.replace('kube-', ''),
    does: `Upgrade ${name}`,
    when: async context => (await upgradedStaticPods(context)).includes(name),
    run: (context, note) => replaceStaticPod(context, name, note),
  }
}

const controlPlanePhase: Phase<ControlPlaneUpgrade> = {
  name: 'control-plane',
  does: 'Upgrade the control plane of this machine',
  phases: [
    {
      name: 'processes',
      does: 'Restart the control plane with this version',
      when: async context => (await processesHere(context)) !== undefined,
      run: upgradeProcesses,
    },
    {
      name: 'backup',
      does: 'Keep the old manifests and a snapshot of etcd',
      when: async context => !context.dryRun && (await hasChanges(context)),
      run: async (context, note) => void (await backUp(context, note)),
    },
    ...staticPods.map(staticPodPhase),
    {
      name: 'kubeconfig',
      does: 'Renew the kubeconfigs of administrators',
      when: context => context.settings.certificateRenewal,
      run: renewAdministrators,
    },
    {
      name: 'finish',
      does: 'Forget how to go back',
      when: context => !context.dryRun,
      run: ({ host }) => forgetUpgradeJournal(host),
    },
  ],
}

/** Machines whose kubelet is of an older version: they may lack the image that addons are going to use. */
async function machinesBehind(context: ControlPlaneUpgrade): Promise<readonly string[]> {
  const target = versionOf(context.target)
  return [...(await kubeletVersions(context))].flatMap(([name, text]) => {
    const version = parseVersion(text)
    return name !== context.node.name && version && compareVersions(version, target) < 0 ? [name] : []
  })
}

/** What addons still wait for; undefined when nothing. Nodes that are gone from the cluster do not count. */
async function addonsWaitFor(context: ControlPlaneUpgrade): Promise<string | undefined> {
  const servers = notUpgraded(await apiServerVersions(await context.admin()), context.target)
  if (servers.length) return `the API servers ${servers.map(({ at }) => at).join(', ')} have not been upgraded`
  const behind = await machinesBehind(context)
  return behind.length ? `${behind.join(', ')} ${behind.length === 1 ? 'has' : 'have'} not been upgraded` : undefined
}

const addons: Phase<ControlPlaneUpgrade> = {
  name: 'addon',
  does: 'Upgrade the addons',
  phases: addonPhase.phases!.map(phase => ({
    ...phase,
    run: async (context, note) => {
      const kubeProxy = await storedKubeProxy(await context.admin())
      await phase.run!({ ...context, ...(kubeProxy && { kubeProxy }) }, note)
    },
  })),
}

/** Addons come last: an image that a machine does not have would keep its pods from starting. */
const addonsWhenReady: Phase<ControlPlaneUpgrade> = {
  ...addons,
  when: async context => {
    const waits = await addonsWaitFor(context)
    if (waits === undefined) return true
    context.say(
      `[upgrade/addon] Skipping upgrade of addons: ${waits}. Once all machines are, on one of the control plane: kobune upgrade apply`,
    )
    return false
  },
}

const kubeletPhase: Phase<Upgrade> = {
  name: 'kubelet',
  does: 'Go on with the kubelet of this version',
  when: async context => {
    if (context.dryRun) return false
    const older = await serversToWaitFor(context)
    if (older.length === 0) return true
    context.say(
      `[upgrade] The kubelet stays as it is until the API server at ${older.join(', ')} is upgraded; then give this command here again`,
    )
    return false
  },
  run: async (context, note) => {
    note('pods go on running')
    await restartKubelet(context)
  },
}

const healthPhase: Phase<ControlPlaneUpgrade> = {
  name: 'health',
  does: 'Check the health of the cluster',
  when: context => !context.dryRun,
  run: async (context, note) => {
    note('waiting for this node')
    settle(context, await checkHealth(context, note))
  },
}

const doneText: Readonly<Record<'apply' | 'node', (target: string) => string>> = {
  apply: target => `
[upgrade] SUCCESS! A control plane node of your cluster was upgraded to "${target}".

[upgrade] Now please proceed with upgrading the rest of the nodes by following the right order: on each other machine of
the control plane, then on each worker, one after the other: kobune upgrade node`,
  node: target => `
[upgrade] This node was successfully upgraded to "${target}".`,
}

function postUpgrade(command: 'apply' | 'node'): Phase<Upgrade> {
  return {
    name: 'post-upgrade',
    does: 'Finish the upgrade',
    phases: [
      kubeletPhase,
      only(healthPhase),
      {
        name: 'tell',
        does: 'Tell how it went',
        when: ({ dryRun }) => !dryRun,
        run: async ({ say, target }) => say(doneText[command](target)),
      },
    ],
  }
}

const kubeletConfigPhase: Phase<Upgrade> = {
  name: 'kubelet-config',
  does: 'Give the kubelet of this machine the configuration of the cluster',
  run: applyKubeletConfiguration,
}

/** `upgrade apply`: the first machine of the control plane. */
export const applyPhases: readonly Phase<Upgrade>[] = [
  {
    name: 'preflight',
    does: 'Look at the cluster',
    run: async (context, note) => {
      await checkApply(context as ControlPlaneUpgrade, note)
      await context.confirm()
    },
  },
  imagesPhase,
  only(controlPlanePhase),
  only({
    name: 'upload-config',
    does: 'Store the configuration in the cluster',
    phases: [
      { name: 'kubeadm', does: 'ConfigMap kubeadm-config', run: uploadClusterConfiguration },
      { name: 'kubelet', does: 'ConfigMap kubelet-config', run: upgradeKubeletConfiguration },
    ],
  }),
  kubeletConfigPhase,
  only(bootstrapTokenPhase),
  only(addonsWhenReady),
  postUpgrade('apply'),
]

/** `upgrade node`: every other machine. */
export const nodePhases: readonly Phase<Upgrade>[] = [
  { name: 'preflight', does: 'Look at the cluster', run: checkUpgradeNode },
  imagesPhase,
  only(controlPlanePhase),
  kubeletConfigPhase,
  only(addonsWhenReady),
  postUpgrade('node'),
]
