import { always, atomicList, bool, dflt, int32, int64, required, string } from '../../../schema/schema.ts'
import { ageColumn, containerColumns, integer, nameColumn, selectorText, since, text, wide } from '../../columns.ts'
import { ObjectReference } from '../../core/v1/object-reference.ts'
import { batch } from '../../group-version.ts'
import { ObjectMeta } from '../../meta/v1/object-meta.ts'
import { time } from '../../meta/v1/scalars.ts'
import { JobSpec } from './job.ts'

export class JobTemplateSpec extends batch.type({
  metadata: ObjectMeta,
  spec: JobSpec,
}) {}

export class CronJobSpec extends batch.type({
  concurrencyPolicy: dflt(string(), 'Allow'),
  failedJobsHistoryLimit: dflt(int32(), 1),
  jobTemplate: required(JobTemplateSpec),
  schedule: required(string()),
  startingDeadlineSeconds: int64(),
  successfulJobsHistoryLimit: dflt(int32(), 3),
  suspend: dflt(bool(), false),
  timeZone: string(),
}) {}

export class CronJobStatus extends batch.type({
  active: atomicList(ObjectReference),
  lastScheduleTime: time(),
  lastSuccessfulTime: time(),
}) {}

export class CronJob extends batch.object({
  spec: required(CronJobSpec),
  status: always(CronJobStatus),
}) {}

export const cronJobs = batch.resource(CronJob, {
  plural: 'cronjobs',
  short: ['cj'],
  categories: ['all'],
  namespaced: true,
  status: true,
  columns: [
    nameColumn,
    text('Schedule', ({ spec }) => spec.schedule),
    text('Timezone', ({ spec }) => spec.timeZone),
    text('Suspend', ({ spec }) => (spec.suspend ? 'True' : 'False')),
    integer('Active', ({ status }) => status.active?.length ?? 0),
    text('Last Schedule', ({ status }, now) =>
      status.lastScheduleTime === undefined ? undefined : since(status.lastScheduleTime, now),
    ),
    ageColumn,
    ...containerColumns<CronJob>(({ spec }) => spec.jobTemplate.spec?.template),
    wide('Selector', ({ spec }) => selectorText(spec.jobTemplate.spec?.selector)),
  ],
})
