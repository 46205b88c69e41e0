/** Runs pods to their end, as often and as many at a time as a Job asks for. */
import { type Job, type JobCondition, type JobStatus, jobs } from '../api/batch/v1/job.ts'
import { type Pod, pods } from '../api/core/v1/pod.ts'
import { rfc3339 } from '../base/clock.ts'
import { getCondition, isConditionTrue } from '../machinery/conditions.ts'
import { labelSelectorOf } from '../machinery/label-selector.ts'
import { controllerOf } from '../machinery/owner-references.ts'
import { isPodActive, isPodReady } from '../machinery/pods.ts'
import { isNotFound } from '../machinery/status-error.ts'
import { type Controller, controller, indexOf, on, own, type ReconcileContext } from '../reconcile/controller.ts'
import { Expectations } from '../reconcile/expectations.ts'
import { type Counts, countsOf, type End, type JobPlan, planJob } from './job-plan.ts'
import {
  backoffLeft,
  formatIndexes,
  hasFailed,
  hasSucceeded,
  isIndexed,
  isTerminating,
  isTracked,
  jobPod,
  trackingFinalizer,
} from './job-pods.ts'
import { ownedObjects, ownersOf, podOwnerIndex } from './owned-objects.ts'
import { createPods, deletePods } from './pod-control.ts'

const selectorOf = (job: Job) => labelSelectorOf(job.spec.selector)
/** At most so many pods are made in one round. */
const burst = 500

export function jobController(): Controller {
  const expectations = new Expectations()
  return controller({
    name: 'job-controller',
    watches: [own(jobs), on(pods, ownersOf(jobs, selectorOf))],
    indexes: [podOwnerIndex, indexOf(pods, byJob, jobOf)],
    reconcile: (key, context) => reconcile(key, context, expectations),
  })
}

const byJob = 'byJob'

function jobOf(pod: Pod): string[] {
  const owner = controllerOf(pod)
  return owner?.kind === 'Job' ? [`${pod.metadata.namespace}/${owner.name}`] : []
}

/** A job that is over: complete or failed. */
export function isFinished({ status }: Job): boolean {
  return isConditionTrue(status.conditions, 'Complete') || isConditionTrue(status.conditions, 'Failed')
}

async function reconcile(key: string, context: ReconcileContext, expectations: Expectations) {
  expectations.follow(context.informers.of(pods))
  const job = context.informers.of(jobs).get(key)
  // Pods of a job that is gone are nobody's to count.
  const strays = context.informers.of(pods).byIndex(byJob, key)
  await letGo(
    context,
    strays.filter(pod => isTracked(pod) && controllerOf(pod)?.uid !== job?.metadata.uid),
  )
  if (!job) expectations.forget(key)
  if (!job || (job.spec.managedBy && job.spec.managedBy !== 'kubernetes.io/job-controller')) return undefined
  const all = await ownedObjects<Pod>(context, pods, job, selectorOf(job))
  if (isFinished(job) || job.metadata.deletionTimestamp) {
    await letGo(context, all.filter(isTracked))
    return undefined
  }
  const settled = expectations.settled(key)
  if (settled !== true) return { after: settled }
  const now = context.clock.now()
  const counts = countsOf(job, all)
  const plan = planJob(job, all, counts, now)
  const wait = plan.create.length ? backoffLeft(job, all, now) : 0
  const { status, counted } = nextStatus(job, all, { plan, counts, now })
  await write(context, job, status)
  tell(context, job, status)
  // Only what the status speaks of may go.
  await letGo(context, counted)
  await deletePods(context, job, expectations, plan.remove)
  if (wait === 0) {
    const wanted = plan.create.slice(0, burst).map(index => jobPod(job, index))
    await createPods(context, job, expectations, wanted)
  }
  const left = [wait, deadlineLeft({ ...job, status }, now)].filter(ms => ms > 0)
  return left.length && !plan.end ? { after: Math.min(...left) } : undefined
}

function deadlineLeft({ spec, status }: Job, now: number): number {
  if (spec.activeDeadlineSeconds === undefined || !status.startTime || spec.suspend) return 0
  return Math.max(1, Date.parse(status.startTime) + spec.activeDeadlineSeconds * 1000 - now)
}

/** Takes the finalizer off pods that are counted. */
async function letGo({ client }: ReconcileContext, counted: readonly Pod[]): Promise<void> {
  await Promise.all(
    counted.map(async ({ metadata }) => {
      const { uid, resourceVersion, finalizers = [] } = metadata
      const left = finalizers.filter(finalizer => finalizer !== trackingFinalizer)
      const patch = { metadata: { uid, resourceVersion, finalizers: left.length ? left : null } }
      await client.patch(pods, metadata, patch).catch(error => {
        if (!isNotFound(error)) throw error
      })
    }),
  )
}

/**
 * The status, and the pods it now speaks of. A pod that ended goes into `uncountedTerminatedPods` first, then loses its
 * finalizer, and then moves into the totals: whenever this process stops, none is counted twice or forgotten.
 */
function nextStatus(
  job: Job,
  all: readonly Pod[],
  { plan, counts, now }: { readonly plan: JobPlan; readonly counts: Counts; readonly now: number },
): { readonly status: JobStatus; readonly counted: readonly Pod[] } {
  const { status: before, spec } = job
  const tracked = all.filter(isTracked)
  const trackedUids = new Set(tracked.map(pod => pod.metadata.uid))
  const waiting = { succeeded: tracked.filter(hasSucceeded), failed: tracked.filter(pod => hasFailed(job, pod)) }
  const uids = (of: readonly Pod[]) => of.map(pod => pod.metadata.uid)
  const settledNow = (of: readonly string[] | undefined) => (of ?? []).filter(uid => !trackedUids.has(uid)).length
  const known = before.uncountedTerminatedPods
  const active = all.filter(isPodActive).length - plan.remove.length
  const uncounted = waiting.succeeded.length + waiting.failed.length
  const over = plan.end && active <= 0 && plan.remove.length === 0 && uncounted === 0 && !all.some(isTerminating)
  const time = rfc3339(now)
  const startTime = spec.suspend ? undefined : (before.startTime ?? time)
  const status: JobStatus = {
    active: Math.max(0, active),
    ready: all.filter(pod => isPodActive(pod) && isPodReady(pod)).length,
    terminating: all.filter(isTerminating).length,
    succeeded: (before.succeeded ?? 0) + settledNow(known?.succeeded),
    failed: (before.failed ?? 0) + settledNow(known?.failed),
    uncountedTerminatedPods: {
      ...(waiting.succeeded.length && { succeeded: uids(waiting.succeeded) }),
      ...(waiting.failed.length && { failed: uids(waiting.failed) }),
    },
    conditions: conditionsOf(job, plan.end, Boolean(over), time),
    ...(startTime && { startTime }),
    ...(over && plan.end?.type === 'Complete' && { completionTime: time }),
    ...(isIndexed(job) && { completedIndexes: formatIndexes(counts.succeededIndexes) }),
    ...(counts.failedIndexes.size && { failedIndexes: formatIndexes(counts.failedIndexes) }),
  }
  return { status, counted: [...waiting.succeeded, ...waiting.failed] }
}

function conditionsOf(job: Job, end: End | undefined, over: boolean, time: string): readonly JobCondition[] {
  const before = job.status.conditions ?? []
  const wanted: Pick<JobCondition, 'type' | 'status' | 'reason' | 'message'>[] = []
  const wasSuspended = getCondition(before, 'Suspended')
  if (job.spec.suspend && !end)
    wanted.push({ type: 'Suspended', status: 'True', reason: 'JobSuspended', message: 'Job suspended' })
  else if (wasSuspended)
    wanted.push({ type: 'Suspended', status: 'False', reason: 'JobResumed', message: 'Job resumed' })
  if (end) {
    const { type, reason, message } = end
    wanted.push({ type: type === 'Complete' ? 'SuccessCriteriaMet' : 'FailureTarget', status: 'True', reason, message })
    if (over) wanted.push({ type, status: 'True', reason, message })
  }
  return wanted.map(condition => {
    const same = getCondition(before, condition.type)
    return same?.status === condition.status ? same : { ...condition, lastProbeTime: time, lastTransitionTime: time }
  })
}

async function write({ client }: ReconcileContext, job: Job, status: JobStatus): Promise<void> {
  const before: Readonly<Record<string, unknown>> = { ...job.status }
  const after: Readonly<Record<string, unknown>> = { ...status }
  const facts = (value: unknown) => JSON.stringify(value ?? 0)
  const empty = (value: unknown) => facts(value) === '{}' || facts(value) === '[]'
  const fields = Object.keys({ ...before, ...after })
  const same = fields.every(f => facts(before[f]) === facts(after[f]) || (!before[f] && empty(after[f])))
  if (same) return
  // Counted once only: another round may not write over what this one has not seen.
  const { resourceVersion } = job.metadata
  await client.update(
    jobs,
    { ...job, metadata: { ...job.metadata, resourceVersion }, status },
    { subresource: 'status' },
  )
}

function tell({ recorder }: ReconcileContext, job: Job, { conditions }: JobStatus): void {
  for (const { type, status, reason = '', message = '' } of conditions ?? []) {
    if (getCondition(job.status.conditions, type)?.status === status) continue
    if (type === 'Complete') recorder.event(job, 'Normal', 'Completed', 'Job completed')
    else if (type === 'Failed') recorder.event(job, 'Warning', reason, message)
    else if (type === 'Suspended') recorder.event(job, 'Normal', status === 'True' ? 'Suspended' : 'Resumed', message)
  }
}
