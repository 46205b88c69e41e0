import type { CronJob } from '../../api/batch/v1/cron-job.ts'
import { fieldInvalid } from '../../machinery/field-error.ts'
import type { Strategy } from '../registry/strategy.ts'
import { type Errors, none, nonNegative, oneOf } from '../validation/rules.ts'
import { validateJobSpec } from './job.ts'

/** Leaves room for the eleven characters that the names of its jobs get. */
const longestName = 52

/** A schedule that can be read, and a job to make. */
export const cronJobStrategy: Strategy<CronJob> = {
  validate({ metadata, spec }) {
    if (!spec) return none
    const { name } = metadata
    return [
      ...(name.length > longestName
        ? [fieldInvalid('metadata.name', name, `must be no more than ${longestName} characters`)]
        : none),
      ...validateSchedule(spec.schedule),
      ...validateTimeZone(spec.timeZone),
      ...nonNegative(spec.startingDeadlineSeconds, 'spec.startingDeadlineSeconds'),
      ...oneOf(spec.concurrencyPolicy, 'spec.concurrencyPolicy', ['Allow', 'Forbid', 'Replace']),
      ...nonNegative(spec.successfulJobsHistoryLimit, 'spec.successfulJobsHistoryLimit'),
      ...nonNegative(spec.failedJobsHistoryLimit, 'spec.failedJobsHistoryLimit'),
      ...(spec.jobTemplate?.spec ? validateJobSpec(spec.jobTemplate.spec, 'spec.jobTemplate.spec') : none),
    ]
  },
}

const field = /^[\d*?/,\-A-Za-z]+$/
const macros = /^@(yearly|annually|monthly|weekly|daily|midnight|hourly|every .+)$/

function validateSchedule(schedule: string | undefined): Errors {
  if (!schedule || macros.test(schedule)) return none
  if (/TZ=/.test(schedule)) {
    const why = 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead'
    return [fieldInvalid('spec.schedule', schedule, why)]
  }
  const fields = schedule.trim().split(/\s+/)
  if (fields.length !== 5) {
    const why = `expected exactly 5 fields, found ${fields.length}: [${fields.join(' ')}]`
    return [fieldInvalid('spec.schedule', schedule, why)]
  }
  const wrong = fields.find(each => !field.test(each))
  return wrong === undefined ? none : [fieldInvalid('spec.schedule', schedule, `failed to parse int from ${wrong}`)]
}

function validateTimeZone(zone: string | undefined): Errors {
  if (zone === undefined) return none
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
    return none
  } catch {
    return [fieldInvalid('spec.timeZone', zone, `unknown time zone ${zone}`)]
  }
}
