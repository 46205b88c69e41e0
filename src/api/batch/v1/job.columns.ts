import { humanDuration } from '../../../base/duration.ts'
import type { Column } from '../../../schema/resource.ts'
import { ageColumn, containerColumns, nameColumn, selectorText, text, wide } from '../../columns.ts'
import type { Job } from './job.ts'

/** The first of these that holds says how the job is. */
const ends = ['Complete', 'Failed'] as const
const ways = ['Suspended', 'FailureTarget', 'SuccessCriteriaMet'] as const

function statusText({ metadata, status }: Job): string {
  const holds = (type: string) =>
    status.conditions?.some(condition => condition.type === type && condition.status === 'True')
  const end = ends.find(holds)
  if (end) return end
  if (metadata.deletionTimestamp !== undefined) return 'Terminating'
  return ways.find(holds) ?? 'Running'
}

function completionsText({ spec, status }: Job): string {
  const done = status.succeeded ?? 0
  if (spec.completions !== undefined) return `${done}/${spec.completions}`
  const parallelism = spec.parallelism ?? 0
  return parallelism > 1 ? `${done}/1 of ${parallelism}` : `${done}/1`
}

function durationText({ status: { startTime, completionTime } }: Job, now: number): string {
  if (startTime === undefined) return ''
  return humanDuration((completionTime === undefined ? now : Date.parse(completionTime)) - Date.parse(startTime))
}

/** The table of jobs. */
export const jobColumns: readonly Column<Job>[] = [
  nameColumn,
  text('Status', statusText),
  text('Completions', completionsText),
  text('Duration', durationText),
  ageColumn,
  ...containerColumns<Job>(job => job.spec.template),
  wide('Selector', job => selectorText(job.spec.selector)),
]
