/** What a Job should do next, from its spec, its counts and its pods: pure. */
import type { Job } from '../api/batch/v1/job.ts'
import type { Pod } from '../api/core/v1/pod.ts'
import { isPodActive } from '../machinery/pods.ts'
import { hasFailed, hasSucceeded, indexOfPod, isIndexed, isTerminating, parseIndexes } from './job-pods.ts'

export interface Counts {
  readonly succeeded: number
  readonly failed: number
  readonly succeededIndexes: ReadonlySet<number>
  readonly failedIndexes: ReadonlySet<number>
}

/** How a job ends; the interim condition holds until its last pod is gone. */
export interface End {
  readonly type: 'Complete' | 'Failed'
  readonly reason: string
  readonly message: string
}

export interface JobPlan {
  readonly end: End | undefined
  readonly remove: readonly Pod[]
  /** Indexes of the pods to make; undefined for pods without one. */
  readonly create: readonly (number | undefined)[]
}

/** What became of the pods: those counted in the status, and those that ended since. */
export function countsOf(job: Job, pods: readonly Pod[]): Counts {
  const { status } = job
  const { succeeded: doneBefore = [], failed: failedBefore = [] } = status.uncountedTerminatedPods ?? {}
  const counted = new Set([...doneBefore, ...failedBefore])
  const fresh = pods.filter(pod => !counted.has(pod.metadata.uid) && isOpen(pod))
  const succeededIndexes = parseIndexes(status.completedIndexes)
  for (const pod of pods) {
    const index = indexOfPod(pod)
    if (index !== undefined && hasSucceeded(pod)) succeededIndexes.add(index)
  }
  const failedIndexes = parseIndexes(status.failedIndexes)
  const perIndex = Map.groupBy(
    pods.filter(pod => hasFailed(job, pod)),
    indexOfPod,
  )
  for (const [index, failures] of perIndex) {
    const tooMany = job.spec.backoffLimitPerIndex !== undefined && failures.length > job.spec.backoffLimitPerIndex
    if (index !== undefined && tooMany && !succeededIndexes.has(index)) failedIndexes.add(index)
  }
  const done = (status.succeeded ?? 0) + doneBefore.length + fresh.filter(hasSucceeded).length
  return {
    succeeded: isIndexed(job) ? succeededIndexes.size : done,
    failed: (status.failed ?? 0) + failedBefore.length + fresh.filter(pod => hasFailed(job, pod)).length,
    succeededIndexes,
    failedIndexes,
  }
}

const isOpen = (pod: Pod) => pod.metadata.finalizers?.includes('batch.kubernetes.io/job-tracking') ?? false

export function planJob(job: Job, pods: readonly Pod[], counts: Counts, now: number): JobPlan {
  const active = pods.filter(isPodActive)
  const end = endOf(job, pods, counts, now)
  if (end) return { end, remove: active, create: [] }
  if (job.spec.suspend) return { end: undefined, remove: active, create: [] }
  const going = job.spec.podReplacementPolicy === 'Failed' ? pods.filter(isTerminating) : []
  return isIndexed(job) ? planIndexes(job, active, going, counts) : planCount(job, active, going.length, counts)
}

function planCount(job: Job, active: readonly Pod[], going: number, { succeeded }: Counts): JobPlan {
  const { completions, parallelism = 1 } = job.spec
  // Without completions any success means that the others finish and no new ones begin.
  const open = completions === undefined ? (succeeded > 0 ? active.length : parallelism) : completions - succeeded
  const wanted = Math.max(0, Math.min(parallelism, open))
  return {
    end: undefined,
    remove: [...active].sort(youngestFirst).slice(0, Math.max(0, active.length - wanted)),
    create: new Array<undefined>(Math.max(0, wanted - active.length - going)).fill(undefined),
  }
}

function planIndexes(job: Job, active: readonly Pod[], going: readonly Pod[], counts: Counts): JobPlan {
  const { completions = 0, parallelism = 1 } = job.spec
  const taken = new Set<number>()
  const useful: Pod[] = []
  const remove: Pod[] = []
  for (const pod of active) {
    const index = indexOfPod(pod)
    const wanted =
      index !== undefined && index < completions && !taken.has(index) && !counts.succeededIndexes.has(index)
    if (wanted && useful.length < parallelism) useful.push(pod)
    else remove.push(pod)
    if (wanted) taken.add(index)
  }
  for (const pod of going) taken.add(indexOfPod(pod) ?? -1)
  const create: number[] = []
  for (let i = 0; i < completions && create.length < parallelism - useful.length - going.length; i++) {
    if (!taken.has(i) && !counts.succeededIndexes.has(i) && !counts.failedIndexes.has(i)) create.push(i)
  }
  return { end: undefined, remove, create }
}

const youngestFirst = (a: Pod, b: Pod) =>
  Date.parse(b.metadata.creationTimestamp) - Date.parse(a.metadata.creationTimestamp)

function endOf(job: Job, pods: readonly Pod[], counts: Counts, now: number): End | undefined {
  const { conditions = [], startTime } = job.status
  const decided = conditions.find(
    c => c.status === 'True' && (c.type === 'FailureTarget' || c.type === 'SuccessCriteriaMet'),
  )
  const { reason = '', message = '' } = decided ?? {}
  if (decided) return { type: decided.type === 'FailureTarget' ? 'Failed' : 'Complete', reason, message }
  const { backoffLimit, activeDeadlineSeconds, completions, suspend } = job.spec
  const failed = (why: string, text: string): End => ({ type: 'Failed', reason: why, message: text })
  const perIndex = job.spec.backoffLimitPerIndex !== undefined
  if (!perIndex && (counts.failed > backoffLimit || restartedTooOften(job, pods))) {
    return failed('BackoffLimitExceeded', 'Job has reached the specified backoff limit')
  }
  const deadline =
    startTime && activeDeadlineSeconds !== undefined && Date.parse(startTime) + activeDeadlineSeconds * 1000
  if (deadline && !suspend && now >= deadline) {
    return failed('DeadlineExceeded', 'Job was active longer than specified deadline')
  }
  if (job.spec.maxFailedIndexes !== undefined && counts.failedIndexes.size > job.spec.maxFailedIndexes) {
    return failed('MaxFailedIndexesExceeded', 'Job has exceeded the specified maximal number of failed indexes')
  }
  if (perIndex && counts.failedIndexes.size > 0 && counts.failedIndexes.size + counts.succeeded >= (completions ?? 0)) {
    return failed('FailedIndexes', 'Job has failed indexes')
  }
  const running = pods.some(isPodActive)
  const complete = completions === undefined ? counts.succeeded > 0 && !running : counts.succeeded >= completions
  return complete
    ? { type: 'Complete', reason: 'CompletionsReached', message: 'Reached expected number of succeeded pods' }
    : undefined
}

/** Containers that are restarted in place count as failures of their own. */
function restartedTooOften({ spec }: Job, pods: readonly Pod[]): boolean {
  if (spec.template.spec?.restartPolicy !== 'OnFailure') return false
  const restarts = pods
    .filter(pod => pod.status.phase === 'Running' || pod.status.phase === 'Pending')
    .flatMap(pod => [...(pod.status.initContainerStatuses ?? []), ...(pod.status.containerStatuses ?? [])])
    .reduce((sum, container) => sum + container.restartCount, 0)
  return spec.backoffLimit === 0 ? restarts > 0 : restarts >= spec.backoffLimit
}
