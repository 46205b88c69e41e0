import { type Pod, pods } from '../../api/core/v1/pod.ts'
import { Eviction } from '../../api/policy/v1/eviction.ts'
import { type PodDisruptionBudget, podDisruptionBudgets } from '../../api/policy/v1/pod-disruption-budget.ts'
import { rfc3339 } from '../../base/clock.ts'
import { labelSelectorOf, matchesLabels } from '../../machinery/label-selector.ts'
import { isPodReady, isPodTerminal } from '../../machinery/pods.ts'
import { badRequest, forbidden, statusError } from '../../machinery/status-error.ts'
import { amend } from '../registry/amend.ts'
import type { ApiRequest, Operate, Registry } from '../registry/api-request.ts'
import { decodeBody, expected } from '../registry/decode.ts'
import { deleteEntry, deleteOptions, type Options } from '../registry/delete.ts'
import { operationOf } from '../registry/pipeline.ts'
import { find } from '../registry/read.ts'
import type { Draft } from '../registry/strategy.ts'
import { created } from './binding.ts'

const asEviction = expected(Eviction, 'policy/v1')
/** Disrupted pods that a budget may list before evictions wait for its controller. */
const mostDisrupted = 2000

/** POST pods/NAME/eviction: deletes a pod if its disruption budget allows. */
export const evict: Operate = async (registry, request) => {
  const body = request.body as { apiVersion?: string } | undefined
  const old =
    body?.apiVersion === 'policy/v1beta1' ? { ...request, body: { ...body, apiVersion: 'policy/v1' } } : request
  const eviction = decodeBody(old, asEviction) as Draft<Eviction>
  if (eviction.metadata.name && eviction.metadata.name !== request.name)
    throw badRequest('name in URL does not match name in Eviction object')
  const operation = operationOf(request, { operation: 'CREATE', object: eviction, oldObject: undefined })
  await registry.admission.mutate(operation)
  await registry.admission.validate(operation)
  const options = deleteOptions({ ...request, body: eviction.deleteOptions ?? {} })
  const entry = await find(request)
  const pod = entry.object as Pod
  const dryRun = (options.dryRun?.length ?? 0) > 0
  if (!mayGo(pod)) await takeFromBudget(registry, request, pod, dryRun)
  const about: ApiRequest = { ...request, served: registry.table.of(pods), subresource: '' }
  await deleteEntry(registry, about, options satisfies Options, await find(about))
  return created
}

/** Pods that no budget protects: they do not run, or go already. */
function mayGo(pod: Pod): boolean {
  return isPodTerminal(pod) || pod.status.phase === 'Pending' || pod.metadata.deletionTimestamp !== undefined
}

async function takeFromBudget(registry: Registry, request: ApiRequest, pod: Pod, dryRun: boolean): Promise<void> {
  const served = registry.table.of(podDisruptionBudgets)
  await served.cache.ready()
  const prefix = `${served.prefix}${request.namespace}/`
  const budgets: PodDisruptionBudget[] = []
  served.cache.scan(prefix, prefix, entry => {
    const budget = entry.object as PodDisruptionBudget
    const { selector } = budget.spec
    if (selector && matchesLabels(labelSelectorOf(selector), pod.metadata.labels)) budgets.push(budget)
    return true
  })
  if (budgets.length > 1) {
    const message = 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.'
    throw statusError('InternalError', message)
  }
  const [budget] = budgets
  if (!budget || isSpare(pod, budget)) return
  if (dryRun) return demandAllowed(budget)
  const { name, namespace } = budget.metadata
  await amend<PodDisruptionBudget>(served, { name, namespace }, (draft, now) => {
    demandAllowed(now)
    draft.status.disruptionsAllowed = (now.status.disruptionsAllowed ?? 0) - 1
    draft.status.disruptedPods = { ...now.status.disruptedPods, [pod.metadata.name]: rfc3339(registry.clock.now()) }
  })
}

/** An unhealthy pod is not what a budget counts on: what its policy says about those. */
function isSpare(pod: Pod, { spec, status }: PodDisruptionBudget): boolean {
  if (isPodReady(pod)) return false
  if (spec.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true
  return (status.currentHealthy ?? 0) >= (status.desiredHealthy ?? 0) && (status.desiredHealthy ?? 0) > 0
}

function demandAllowed({ metadata, status }: PodDisruptionBudget): void {
  const subject = { group: 'policy', resource: 'poddisruptionbudgets', name: metadata.name }
  if ((status.observedGeneration ?? 0) < (metadata.generation ?? 0)) {
    throw tooMany(`The disruption budget ${metadata.name} is still being processed by the server.`, 10)
  }
  const allowed = status.disruptionsAllowed ?? 0
  if (allowed < 0) throw forbidden(subject, 'pdb disruptions allowed is negative')
  if (Object.keys(status.disruptedPods ?? {}).length > mostDisrupted) {
    throw forbidden(subject, 'DisruptedPods map too big - too many evictions not confirmed by PDB controller')
  }
  if (allowed > 0) return
  const { desiredHealthy = 0, currentHealthy = 0 } = status
  throw tooMany(
    `The disruption budget ${metadata.name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`,
    0,
  )
}

function tooMany(message: string, retryAfterSeconds: number) {
  return statusError('TooManyRequests', "Cannot evict pod as it would violate the pod's disruption budget.", {
    causes: [{ reason: 'DisruptionBudget', message }],
    ...(retryAfterSeconds > 0 && { retryAfterSeconds }),
  })
}
