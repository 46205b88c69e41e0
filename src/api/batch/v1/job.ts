import { always, atomicList, bool, dflt, int32, int64, required, setOf, string } from '../../../schema/schema.ts'
import { PodTemplateSpec } from '../../core/v1/pod-template-spec.ts'
import { batch } from '../../group-version.ts'
import { LabelSelector } from '../../meta/v1/label-selector.ts'
import { time } from '../../meta/v1/scalars.ts'
import { fillJobSpec } from './defaults.ts'
import { jobColumns } from './job.columns.ts'

export class PodFailurePolicyOnExitCodesRequirement extends batch.type({
  containerName: string(),
  operator: required(string()),
  values: required(setOf(int32())),
}) {}

export class PodFailurePolicyOnPodConditionsPattern extends batch.type({
  status: string(),
  type: required(string()),
}) {}

export class PodFailurePolicyRule extends batch.type({
  action: required(string()),
  onExitCodes: PodFailurePolicyOnExitCodesRequirement,
  onPodConditions: atomicList(PodFailurePolicyOnPodConditionsPattern),
}) {}

export class PodFailurePolicy extends batch.type({
  rules: required(atomicList(PodFailurePolicyRule)),
}) {}

export class SuccessPolicyRule extends batch.type({
  succeededCount: int32(),
  succeededIndexes: string(),
}) {}

export class SuccessPolicy extends batch.type({
  rules: required(atomicList(SuccessPolicyRule)),
}) {}

export class JobSpec extends batch.type(
  {
    activeDeadlineSeconds: int64(),
    backoffLimit: dflt(int32(), 6),
    backoffLimitPerIndex: int32(),
    completionMode: dflt(string(), 'NonIndexed'),
    completions: int32(),
    managedBy: string(),
    manualSelector: bool(),
    maxFailedIndexes: int32(),
    parallelism: int32(),
    podFailurePolicy: PodFailurePolicy,
    podReplacementPolicy: dflt(string(), 'TerminatingOrFailed'),
    selector: LabelSelector,
    successPolicy: SuccessPolicy,
    suspend: dflt(bool(), false),
    template: required(PodTemplateSpec),
    ttlSecondsAfterFinished: int32(),
  },
  { fill: fillJobSpec },
) {}

export class JobCondition extends batch.type({
  lastProbeTime: time(),
  lastTransitionTime: time(),
  message: string(),
  reason: string(),
  status: required(string()),
  type: required(string()),
}) {}

export class UncountedTerminatedPods extends batch.type({
  failed: setOf(string()),
  succeeded: setOf(string()),
}) {}

export class JobStatus extends batch.type({
  active: int32(),
  completedIndexes: string(),
  completionTime: time(),
  conditions: atomicList(JobCondition, { patchStrategy: 'merge', patchMergeKey: 'type' }),
  failed: int32(),
  failedIndexes: string(),
  ready: int32(),
  startTime: time(),
  succeeded: int32(),
  terminating: int32(),
  uncountedTerminatedPods: UncountedTerminatedPods,
}) {}

export class Job extends batch.object({
  spec: always(JobSpec),
  status: always(JobStatus),
}) {}

export const jobs = batch.resource(Job, {
  plural: 'jobs',
  categories: ['all'],
  namespaced: true,
  status: true,
  selectableFields: ['status.successful'],
  columns: jobColumns,
})
