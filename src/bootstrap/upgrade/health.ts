/** Whether a cluster is well enough to be upgraded, and still is afterwards: kubeadm's checks, by kubeadm's names. */
import { jobs } from '../../api/batch/v1/job.ts'
import { nodes } from '../../api/core/v1/node.ts'
import { delay } from '../../base/clock.ts'
import { getCondition } from '../../machinery/conditions.ts'
import { isNotFound } from '../../machinery/status-error.ts'
import { componentImage } from '../manifests/control-plane.ts'
import { manifestFile } from '../phases/manifests.ts'
import type { Finding } from '../preflight/finding.ts'
import type { ControlPlaneUpgrade } from './context.ts'
import { ownStaticPods } from './manifests.ts'

type Found = Omit<Finding, 'check'> | undefined
type HealthCheck = (context: ControlPlaneUpgrade, note: (text: string) => void) => Promise<Found>

const namespace = 'kube-system'
const jobName = 'upgrade-health-check'
/**
 * How long a Job may take, milliseconds. kubeadm waits for 15 s, which is as long as a controller manager that has just been
 * started, after a restore for one, waits for the lease of the one before it.
 */
const jobPatience = 30_000

const checks: Readonly<Record<string, HealthCheck>> = {
  CreateJob: createJob,
  ControlPlaneNodesReady: controlPlaneNodesReady,
  StaticPodManifest: staticPodManifest,
}

/** Everything that speaks against the health of the cluster. */
export async function checkHealth(
  context: ControlPlaneUpgrade,
  note: (text: string) => void,
): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  for (const [check, run] of Object.entries(checks)) {
    note(check)
    const found = await run(context, note).catch(
      (error: Error): Found => ({ message: error.message, mend: 'kobune nodes list' }),
    )
    if (found) findings.push({ check, ...found })
  }
  return findings
}

/** A Job that ends at once: API server, controllers, scheduler and kubelet all have a part in it. */
async function createJob(context: ControlPlaneUpgrade, note: (text: string) => void): Promise<Found> {
  const { node, signal, dryRun } = context
  if (dryRun) return undefined
  const client = await context.admin()
  // This machine has the image of the version that the cluster is at.
  const image = componentImage(await context.stored())
  const key = { namespace, name: jobName }
  const remove = () =>
    client.delete(jobs, key, { propagationPolicy: 'Background' }).catch(error => {
      if (!isNotFound(error)) throw error
    })
  // One that an upgrade which was cut off left behind.
  await remove()
  const end = Date.now() + jobPatience
  try {
    for (;;) {
      const made = await client.create(jobs, job(image, node.name)).then(
        () => undefined,
        (error: Error) => error,
      )
      if (!made) break
      if (Date.now() > end) throw made
      await delay(100, signal)
    }
    for (;;) {
      const { status } = await client.get(jobs, key)
      if (getCondition(status.conditions, 'Complete')?.status === 'True') return undefined
      const failed = getCondition(status.conditions, 'Failed')
      if (failed?.status === 'True' || Date.now() > end) {
        const message = `Job ${namespace}/${jobName} ${failed ? `failed: ${failed.message}` : `did not complete in ${jobPatience / 1000} s`}`
        return { message, mend: `kubectl -n ${namespace} get pods; kobune logs kubelet` }
      }
      note('CreateJob: waiting for the Job')
      await delay(100, signal)
    }
  } finally {
    await remove()
  }
}

function job(image: string, node: string) {
  return {
    metadata: { namespace, name: jobName },
    spec: {
      backoffLimit: 0,
      template: {
        spec: {
          restartPolicy: 'Never',
          terminationGracePeriodSeconds: 0,
          automountServiceAccountToken: false,
          nodeSelector: { 'kubernetes.io/hostname': node },
          tolerations: [{ operator: 'Exists' }],
          securityContext: { runAsUser: 999, runAsGroup: 999, runAsNonRoot: true },
          containers: [{ name: jobName, image, imagePullPolicy: 'IfNotPresent', command: ['/kobune', '--version'] }],
        },
      },
    },
  } as const
}

async function controlPlaneNodesReady(context: ControlPlaneUpgrade): Promise<Found> {
  const client = await context.admin()
  const { items } = await client.list(nodes, { labelSelector: 'node-role.kubernetes.io/control-plane' })
  const notReady = items.filter(({ status }) => getCondition(status.conditions, 'Ready')?.status !== 'True')
  if (notReady.length === 0) return undefined
  const names = notReady.map(({ metadata }) => metadata.name).join(' ')
  return { message: `there are NotReady control-planes in the cluster: [${names}]`, mend: 'kobune nodes list' }
}

async function staticPodManifest(context: ControlPlaneUpgrade): Promise<Found> {
  const { host } = context
  const missing: string[] = []
  for (const name of await ownStaticPods(context))
    if (!(await host.files.exists(manifestFile(name)))) missing.push(manifestFile(name))
  return missing.length
    ? { message: `manifest files not found: ${missing.join(', ')}`, mend: 'kobune init phase control-plane all' }
    : undefined
}
