import { always, dflt, int32, int64, listBy, required, string } from '../../../schema/schema.ts'
import { ageColumn, containerColumns, integer, nameColumn, selectorText, wide } from '../../columns.ts'
import { PodTemplateSpec } from '../../core/v1/pod-template-spec.ts'
import { apps } from '../../group-version.ts'
import { LabelSelector } from '../../meta/v1/label-selector.ts'
import { time } from '../../meta/v1/scalars.ts'

export class ReplicaSetSpec extends apps.type({
  minReadySeconds: int32(),
  replicas: dflt(int32(), 1),
  selector: required(LabelSelector),
  template: PodTemplateSpec,
}) {}

export class ReplicaSetCondition extends apps.type({
  lastTransitionTime: time(),
  message: string(),
  reason: string(),
  status: required(string()),
  type: required(string()),
}) {}

export class ReplicaSetStatus extends apps.type({
  availableReplicas: int32(),
  conditions: listBy(ReplicaSetCondition, ['type']),
  fullyLabeledReplicas: int32(),
  observedGeneration: int64(),
  readyReplicas: int32(),
  replicas: required(int32()),
  terminatingReplicas: int32(),
}) {}

export class ReplicaSet extends apps.object({
  spec: always(ReplicaSetSpec),
  status: always(ReplicaSetStatus),
}) {}

export const replicaSets = apps.resource(ReplicaSet, {
  plural: 'replicasets',
  short: ['rs'],
  categories: ['all'],
  namespaced: true,
  status: true,
  scale: { replicas: 'spec.replicas', statusReplicas: 'status.replicas', selector: 'spec.selector' },
  selectableFields: ['status.replicas'],
  columns: [
    nameColumn,
    integer('Desired', ({ spec }) => spec.replicas),
    integer('Current', ({ status }) => status.replicas),
    integer('Ready', ({ status }) => status.readyReplicas ?? 0),
    ageColumn,
    ...containerColumns<ReplicaSet>(({ spec }) => spec.template),
    wide('Selector', ({ spec }) => selectorText(spec.selector)),
  ],
})
