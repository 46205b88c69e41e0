/** Makes Jobs by the clock. */
import { type CronJob, type CronJobStatus, cronJobs } from '../api/batch/v1/cron-job.ts'
import { type Job, jobs } from '../api/batch/v1/job.ts'
import { rfc3339 } from '../base/clock.ts'
import { isConditionTrue } from '../machinery/conditions.ts'
import { controllerOf, controllerReference } from '../machinery/owner-references.ts'
import { isAlreadyExists, isNotFound } from '../machinery/status-error.ts'
import { type Controller, controller, on, own, type ReconcileContext } from '../reconcile/controller.ts'
import { type CronSchedule, nextRun, parseSchedule } from './cron-schedule.ts'
import { isFinished } from './job.ts'
import { byOwner, ownerIndex } from './owned-objects.ts'

export function cronJobController(): Controller {
  return controller({
    name: 'cronjob-controller',
    watches: [
      own(cronJobs),
      on(jobs, job => {
        const owner = controllerOf(job)
        return owner?.kind === 'CronJob' ? [`${job.metadata.namespace}/${owner.name}`] : []
      }),
    ],
    indexes: [ownerIndex(jobs)],
    reconcile,
  })
}

async function reconcile(key: string, context: ReconcileContext) {
  const cron = context.informers.of(cronJobs).get(key)
  if (!cron || cron.metadata.deletionTimestamp) return undefined
  const all = context.informers.of(jobs).byIndex(byOwner, cron.metadata.uid) as readonly Job[]
  const active = await settle(context, cron, all)
  await forgetOld(context, cron, all)
  if (cron.spec.suspend) return undefined
  let schedule: CronSchedule
  try {
    schedule = parseSchedule(cron.spec.schedule)
    nextRun(schedule, 0, cron.spec.timeZone)
  } catch (error) {
    const message = `unparseable schedule ${JSON.stringify(cron.spec.schedule)}: ${(error as Error).message}`
    context.recorder.event(cron, 'Warning', 'UnparseableSchedule', message)
    return undefined
  }
  const due = dueRun(context, cron, schedule)
  if (due !== undefined) await run(context, cron, due, active)
  const next = nextRun(schedule, context.clock.now(), cron.spec.timeZone)
  return next === undefined ? undefined : { after: next - context.clock.now() + 1 }
}

/** Upstream stops counting here, and so do we; only the last of them is made up for. */
const mostMissed = 100

/** The last time that was missed, if it is not too late for it. */
function dueRun({ clock, recorder }: ReconcileContext, cron: CronJob, schedule: CronSchedule): number | undefined {
  const now = clock.now()
  const { startingDeadlineSeconds, timeZone } = cron.spec
  const late = startingDeadlineSeconds === undefined ? 0 : now - startingDeadlineSeconds * 1000
  const since = Math.max(Date.parse(cron.status.lastScheduleTime ?? cron.metadata.creationTimestamp), late)
  let due: number | undefined
  let missed = 0
  for (let time = nextRun(schedule, since, timeZone); time !== undefined && time <= now; ) {
    due = time
    if (++missed > mostMissed) {
      const message = 'too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew'
      recorder.event(cron, 'Warning', 'TooManyMissedTimes', message)
      // The rest is skipped: the latest before now is found from close to now.
      const step = (nextRun(schedule, time, timeZone) ?? now) - time
      time = nextRun(schedule, Math.max(time, now - step - 1), timeZone)
      missed = Number.NEGATIVE_INFINITY
    } else time = nextRun(schedule, time, timeZone)
  }
  return due
}

async function run(context: ReconcileContext, cron: CronJob, due: number, active: readonly Job[]): Promise<void> {
  const { client, recorder } = context
  const { concurrencyPolicy } = cron.spec
  if (concurrencyPolicy === 'Forbid' && active.length) {
    recorder.event(
      cron,
      'Normal',
      'JobAlreadyActive',
      'Not starting job because prior execution is running and concurrency policy is Forbid',
    )
    return
  }
  if (concurrencyPolicy === 'Replace') for (const job of active) await remove(context, cron, job)
  const { metadata, spec } = cron.spec.jobTemplate
  const name = `${cron.metadata.name}-${Math.floor(due / 60_000)}`
  const annotations = { ...metadata?.annotations, 'batch.kubernetes.io/cronjob-scheduled-timestamp': rfc3339(due) }
  const { namespace } = cron.metadata
  try {
    await client.create(jobs, {
      metadata: { ...metadata, name, namespace, annotations, ownerReferences: [controllerReference(cron)] },
      spec: spec!,
    })
    recorder.event(cron, 'Normal', 'SuccessfulCreate', `Created job ${name}`)
  } catch (error) {
    if (!isAlreadyExists(error)) {
      recorder.event(cron, 'Warning', 'FailedCreate', `Error creating job: ${(error as Error).message}`)
      throw error
    }
  }
  await client.patch(cronJobs, cron.metadata, { status: { lastScheduleTime: rfc3339(due) } }, { subresource: 'status' })
}

/** Brings the status up to date with the jobs there are, and answers those that still run. */
async function settle({ client, recorder }: ReconcileContext, cron: CronJob, all: readonly Job[]): Promise<Job[]> {
  const active = all.filter(job => !isFinished(job))
  const listed = new Set(cron.status.active?.map(reference => reference.uid))
  for (const job of all) {
    if (!isFinished(job) || !listed.has(job.metadata.uid)) continue
    const how = isConditionTrue(job.status.conditions, 'Complete') ? 'Complete' : 'Failed'
    recorder.event(cron, 'Normal', 'SawCompletedJob', `Saw completed job: ${job.metadata.name}, condition: ${how}`)
  }
  const successes = all.flatMap(job => job.status.completionTime ?? [])
  const lastSuccessfulTime = [...successes, cron.status.lastSuccessfulTime ?? ''].sort().at(-1)
  const status: Partial<CronJobStatus> = {
    active: active.map(({ apiVersion, kind, metadata: { name, namespace, uid, resourceVersion } }) => ({
      apiVersion,
      kind,
      name,
      namespace,
      uid,
      resourceVersion,
    })),
    ...(lastSuccessfulTime && { lastSuccessfulTime }),
  }
  const same =
    listed.size === active.length &&
    active.every(job => listed.has(job.metadata.uid)) &&
    (cron.status.lastSuccessfulTime ?? '') === (lastSuccessfulTime ?? '')
  if (!same) await client.patch(cronJobs, cron.metadata, { status }, { subresource: 'status' })
  return active
}

/** Removes the oldest jobs that ended, beyond what is to be kept. */
async function forgetOld(context: ReconcileContext, cron: CronJob, all: readonly Job[]): Promise<void> {
  const { successfulJobsHistoryLimit, failedJobsHistoryLimit } = cron.spec
  const limits = [
    ['Complete', successfulJobsHistoryLimit],
    ['Failed', failedJobsHistoryLimit],
  ] as const
  for (const [type, limit] of limits) {
    const ended = all.filter(job => isConditionTrue(job.status.conditions, type) && !job.metadata.deletionTimestamp)
    const age = (job: Job) => Date.parse(job.status.startTime ?? job.metadata.creationTimestamp)
    const surplus = ended.sort((a, b) => age(a) - age(b)).slice(0, Math.max(0, ended.length - limit))
    for (const job of surplus) await remove(context, cron, job)
  }
}

async function remove({ client, recorder }: ReconcileContext, cron: CronJob, job: Job): Promise<void> {
  const { name, uid } = job.metadata
  try {
    await client.delete(jobs, job.metadata, { propagationPolicy: 'Background', preconditions: { uid } })
    recorder.event(cron, 'Normal', 'SuccessfulDelete', `Deleted job ${name}`)
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}
