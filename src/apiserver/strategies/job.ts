import type { Job, JobSpec } from '../../api/batch/v1/job.ts'
import { type FieldError, fieldInvalid, fieldNotSupported } from '../../machinery/field-error.ts'
import type { Strategy } from '../registry/strategy.ts'
import { validatePodTemplate, validateSelectorOfTemplate } from '../validation/pod-template.ts'
import { type Errors, immutable, none, nonNegative, oneOf } from '../validation/rules.ts'

const controllerUid = 'batch.kubernetes.io/controller-uid'

/** Pods that end, selected by the uid of the job, from a template that stays. */
export const jobStrategy: Strategy<Job> = {
  prepareCreate(job) {
    // Each job selects its own pods by its uid, unless the writer says how.
    if (job.spec.manualSelector || !job.spec.template) return
    const { uid, name } = job.metadata
    const metadata = (job.spec.template.metadata ??= {} as NonNullable<typeof job.spec.template.metadata>)
    metadata.labels = {
      ...metadata.labels,
      [controllerUid]: uid,
      'controller-uid': uid,
      'batch.kubernetes.io/job-name': name,
      'job-name': name,
    }
    job.spec.selector ??= { matchLabels: { [controllerUid]: uid } }
  },
  validate({ spec }) {
    return [...validateJobSpec(spec, 'spec'), ...validateSelectorOfTemplate(spec.selector, spec.template, 'job')]
  },
  validateUpdate({ spec }, { spec: old, status }) {
    const indexed = spec.completionMode === 'Indexed'
    return [
      ...(indexed ? none : immutable(spec.completions, old.completions, 'spec.completions')),
      ...immutable(spec.selector, old.selector, 'spec.selector'),
      ...(mayReschedule(old, status) ? none : immutable(spec.template, old.template, 'spec.template')),
      ...immutable(spec.completionMode, old.completionMode, 'spec.completionMode'),
      ...immutable(spec.podFailurePolicy, old.podFailurePolicy, 'spec.podFailurePolicy'),
      ...immutable(spec.backoffLimitPerIndex, old.backoffLimitPerIndex, 'spec.backoffLimitPerIndex'),
      ...immutable(spec.managedBy, old.managedBy, 'spec.managedBy'),
    ]
  },
}

/** A suspended job that never started may still be told where its pods go. */
const mayReschedule = (spec: JobSpec, status: Job['status']) => spec.suspend && status.startTime === undefined

/** What holds for jobs and for the jobs that a CronJob makes. */
export function validateJobSpec(spec: JobSpec, path: string): Errors {
  const errors: FieldError[] = []
  for (const field of counts) errors.push(...nonNegative(spec[field], `${path}.${field}`))
  errors.push(...oneOf(spec.completionMode, `${path}.completionMode`, ['Indexed', 'NonIndexed']))
  if (spec.completionMode === 'Indexed' && spec.completions === undefined) {
    errors.push(fieldInvalid(`${path}.completions`, null, 'when completion mode is Indexed, completions must be set'))
  }
  errors.push(...validatePodTemplate(spec.template, `${path}.template`))
  const policy = spec.template?.spec?.restartPolicy
  if (policy === 'Always') {
    errors.push(fieldNotSupported(`${path}.template.spec.restartPolicy`, policy, ['OnFailure', 'Never']))
  }
  return errors
}

const counts = [
  'parallelism',
  'completions',
  'activeDeadlineSeconds',
  'backoffLimit',
  'backoffLimitPerIndex',
  'maxFailedIndexes',
  'ttlSecondsAfterFinished',
] as const
