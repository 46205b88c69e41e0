/** What is looked at before an upgrade changes anything. */
import { nodes } from '../../api/core/v1/node.ts'
import { type Finding, findingLines, ignoring, PreflightError } from '../preflight/finding.ts'
import { apiServerVersions, olderThanKubelet } from './api-servers.ts'
import type { ControlPlaneUpgrade, Upgrade } from './context.ts'
import { checkHealth } from './health.ts'
import { compareVersions, skewProblems, versionOf } from './version.ts'

/** Tells warnings. Throws PreflightError when there is more than those. */
export function settle({ settings, say }: Pick<Upgrade, 'settings' | 'say'>, found: readonly Finding[]): void {
  const findings = ignoring(found, settings.ignorePreflightErrors)
  for (const line of findingLines(findings.filter(({ warning }) => warning))) say(line)
  if (findings.some(({ warning }) => !warning)) throw new PreflightError(findings)
}

function privileged({ dryRun }: Upgrade): readonly Finding[] {
  if (dryRun || process.getuid?.() === 0) return []
  return [{ check: 'IsPrivilegedUser', message: 'user is not running as root', mend: 'sudo kobune ...' }]
}

/** Of `upgrade plan`: the cluster is well. */
export async function checkPlan(context: ControlPlaneUpgrade, note: (text: string) => void): Promise<void> {
  const { say, target } = context
  say('[preflight] Running pre-flight checks.')
  settle(context, privileged(context))
  say('[upgrade] Running cluster health checks')
  settle(context, await checkHealth(context, note))
  const { kubernetesVersion: current } = await context.stored()
  say(`[upgrade/versions] Cluster version: ${current}`)
  say(`[upgrade/versions] kobune version: ${target}`)
}

/** Of `upgrade apply`: this machine is of the control plane, the cluster is well, and the versions are a step apart. */
export async function checkApply(context: ControlPlaneUpgrade, note: (text: string) => void): Promise<void> {
  const { say, settings, target } = context
  if (!context.endpoint) {
    throw new Error(
      'this machine is not of the control plane; upgrade that first (kobune upgrade apply), then this machine with: kobune upgrade node',
    )
  }
  await checkPlan(context, note)
  const { kubernetesVersion: current } = await context.stored()
  say(`[upgrade/version] You have chosen to upgrade the cluster version to "${target}"`)
  const problems = skewProblems({
    current,
    target,
    kubelets: await kubeletVersions(context),
    allowExperimental: settings.allowExperimental,
    allowReleaseCandidates: settings.allowReleaseCandidates,
  })
  const findings = problems.map(({ text, forcible }) => ({
    check: 'VersionSkew',
    message: text,
    mend: 'kobune upgrade plan; --force goes on in spite of it',
    warning: forcible && settings.force,
  }))
  settle(context, findings)
}

/** Of `upgrade node`: the cluster is at this version already. */
export async function checkUpgradeNode(context: Upgrade, note: (text: string) => void): Promise<void> {
  const { say, target } = context
  say('[preflight] Running pre-flight checks.')
  settle(context, privileged(context))
  note('asking the cluster for its version')
  const { kubernetesVersion: current } = await context.stored()
  const order = compareVersions(versionOf(current), versionOf(target))
  if (order === 0) return
  throw new Error(
    order < 0
      ? `the cluster is at ${current}, older than this program (${target}); on a machine of the control plane first: kobune upgrade apply ${target}`
      : `the cluster is at ${current}, newer than this program (${target}); run the program of that version`,
  )
}

/** The version of each node's kubelet, by the node's name. */
export async function kubeletVersions({ admin }: Pick<Upgrade, 'admin'>): Promise<ReadonlyMap<string, string>> {
  const { items } = await (await admin()).list(nodes)
  return new Map(
    items.flatMap(({ metadata, status }) => {
      const version = status.nodeInfo?.kubeletVersion
      return version ? [[metadata.name!, version] as const] : []
    }),
  )
}

/** API servers that this machine's kubelet must not be newer than. */
export async function serversToWaitFor({ admin, target }: Upgrade): Promise<readonly string[]> {
  const older = olderThanKubelet(await apiServerVersions(await admin()), target)
  return older.map(({ at, version }) => `${at} (${version ?? 'does not answer'})`)
}
