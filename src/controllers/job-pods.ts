/** The pods of a Job: which they are, what became of them, and what each index still needs. */
import type { Job } from '../api/batch/v1/job.ts'
import type { Pod } from '../api/core/v1/pod.ts'
import { isPodTerminal } from '../machinery/pods.ts'
import { type PodToCreate, podFrom } from './pod-control.ts'

/** Keeps a pod that ended until its job has counted it. */
export const trackingFinalizer = 'batch.kubernetes.io/job-tracking'
const indexName = 'batch.kubernetes.io/job-completion-index'

export const isIndexed = (job: Job) => job.spec.completionMode === 'Indexed'
export const isTracked = (pod: Pod) => pod.metadata.finalizers?.includes(trackingFinalizer) ?? false
export const hasSucceeded = (pod: Pod) => pod.status.phase === 'Succeeded'

/** Failed, or taken away before it could end; a job may wait for the real end of the latter. */
export function hasFailed(job: Job, pod: Pod): boolean {
  if (pod.status.phase === 'Failed') return true
  const waits = job.spec.podReplacementPolicy === 'Failed'
  return !waits && pod.metadata.deletionTimestamp !== undefined && !hasSucceeded(pod)
}

/** On its way out, and not there yet. */
export const isTerminating = (pod: Pod) => pod.metadata.deletionTimestamp !== undefined && !isPodTerminal(pod)

export function indexOfPod(pod: Pod): number | undefined {
  const text = pod.metadata.annotations?.[indexName]
  return text === undefined ? undefined : Number(text)
}

/** A pod of the job; for an Indexed job, the one of an index. */
export function jobPod(job: Job, index: number | undefined): PodToCreate {
  const { template } = job.spec
  const finalizers = [...(template.metadata?.finalizers ?? []), trackingFinalizer]
  if (index === undefined) return podFrom(job, template, { finalizers })
  const mark = { [indexName]: String(index) }
  const name = `${job.metadata.name}-${index}`
  const pod = podFrom(job, template, {
    generateName: `${name}-`,
    finalizers,
    labels: { ...template.metadata?.labels, ...mark },
    annotations: { ...template.metadata?.annotations, ...mark },
  })
  const valueFrom = { fieldRef: { apiVersion: 'v1', fieldPath: `metadata.annotations['${indexName}']` } }
  const withIndex = <C extends { readonly env?: readonly { readonly name: string }[] | undefined }>(
    container: C,
  ): C => ({
    ...container,
    env: [
      ...(container.env ?? []).filter(e => e.name !== 'JOB_COMPLETION_INDEX'),
      { name: 'JOB_COMPLETION_INDEX', valueFrom },
    ],
  })
  const { containers, initContainers } = template.spec!
  return {
    ...pod,
    spec: {
      ...pod.spec!,
      hostname: template.spec!.hostname ?? name,
      containers: containers.map(withIndex),
      ...(initContainers && { initContainers: initContainers.map(withIndex) }),
    },
  }
}

/** `0,2-4,7` -> those numbers. */
export function parseIndexes(text: string | undefined): Set<number> {
  const indexes = new Set<number>()
  for (const part of text ? text.split(',') : []) {
    const [first, last = first] = part.split('-').map(Number)
    for (let i = first!; i <= last!; i++) indexes.add(i)
  }
  return indexes
}

/** Those numbers -> `0,2-4,7` */
export function formatIndexes(indexes: Iterable<number>): string {
  const sorted = [...new Set(indexes)].sort((a, b) => a - b)
  const runs: [number, number][] = []
  for (const index of sorted) {
    const run = runs.at(-1)
    if (run?.[1] === index - 1) run[1] = index
    else runs.push([index, index])
  }
  return runs
    .map(([first, last]) =>
      first === last ? `${first}` : last === first + 1 ? `${first},${last}` : `${first}-${last}`,
    )
    .join(',')
}

const firstWait = 10_000
const longestWait = 600_000

/** Milliseconds to wait before the next pod is made: doubled with each failure since the last success. */
export function backoffLeft(job: Job, pods: readonly Pod[], now: number): number {
  const ended = pods
    .filter(pod => hasSucceeded(pod) || hasFailed(job, pod))
    .sort((a, b) => endOf(b, now) - endOf(a, now))
  const success = ended.findIndex(hasSucceeded)
  const failures = success < 0 ? ended.length : success
  if (failures === 0) return 0
  const wait = Math.min(longestWait, firstWait * 2 ** (failures - 1))
  return Math.max(0, endOf(ended[0]!, now) + wait - now)
}

function endOf(pod: Pod, now: number): number {
  const ends = (pod.status.containerStatuses ?? []).flatMap(c => c.state?.terminated?.finishedAt ?? [])
  const texts = ends.length ? ends : [pod.metadata.deletionTimestamp ?? pod.metadata.creationTimestamp]
  return Math.min(now, Math.max(...texts.map(text => Date.parse(text))))
}
