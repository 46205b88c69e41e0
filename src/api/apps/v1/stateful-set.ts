import { always, atomicList, dflt, int32, int64, listBy, required, string } from '../../../schema/schema.ts'
import { ageColumn, containerColumns, nameColumn, text } from '../../columns.ts'
import { PersistentVolumeClaim } from '../../core/v1/persistent-volume-claim.ts'
import { PodTemplateSpec } from '../../core/v1/pod-template-spec.ts'
import { apps } from '../../group-version.ts'
import { LabelSelector } from '../../meta/v1/label-selector.ts'
import { intOrString, time } from '../../meta/v1/scalars.ts'
import { fillStatefulSetUpdateStrategy } from './defaults.ts'

export class RollingUpdateStatefulSetStrategy extends apps.type({
  maxUnavailable: intOrString(),
  partition: dflt(int32(), 0),
}) {}

export class StatefulSetOrdinals extends apps.type({
  start: int32(),
}) {}

export class StatefulSetPersistentVolumeClaimRetentionPolicy extends apps.type({
  whenDeleted: dflt(string(), 'Retain'),
  whenScaled: dflt(string(), 'Retain'),
}) {}

export class StatefulSetUpdateStrategy extends apps.type(
  {
    rollingUpdate: RollingUpdateStatefulSetStrategy,
    type: dflt(string(), 'RollingUpdate'),
  },
  { fill: fillStatefulSetUpdateStrategy },
) {}

export class StatefulSetSpec extends apps.type({
  minReadySeconds: int32(),
  ordinals: StatefulSetOrdinals,
  persistentVolumeClaimRetentionPolicy: dflt(StatefulSetPersistentVolumeClaimRetentionPolicy, {}),
  podManagementPolicy: dflt(string(), 'OrderedReady'),
  replicas: dflt(int32(), 1),
  revisionHistoryLimit: dflt(int32(), 10),
  selector: required(LabelSelector),
  serviceName: string(),
  template: required(PodTemplateSpec),
  updateStrategy: dflt(StatefulSetUpdateStrategy, {}),
  volumeClaimTemplates: atomicList(PersistentVolumeClaim),
}) {}

export class StatefulSetCondition extends apps.type({
  lastTransitionTime: time(),
  message: string(),
  reason: string(),
  status: required(string()),
  type: required(string()),
}) {}

export class StatefulSetStatus extends apps.type({
  availableReplicas: int32(),
  collisionCount: int32(),
  conditions: listBy(StatefulSetCondition, ['type']),
  currentReplicas: int32(),
  currentRevision: string(),
  observedGeneration: int64(),
  readyReplicas: int32(),
  replicas: required(int32()),
  updateRevision: string(),
  updatedReplicas: int32(),
}) {}

export class StatefulSet extends apps.object({
  spec: always(StatefulSetSpec),
  status: always(StatefulSetStatus),
}) {}

export const statefulSets = apps.resource(StatefulSet, {
  plural: 'statefulsets',
  short: ['sts'],
  categories: ['all'],
  namespaced: true,
  status: true,
  scale: { replicas: 'spec.replicas', statusReplicas: 'status.replicas', selector: 'spec.selector' },
  columns: [
    nameColumn,
    text('Ready', ({ spec, status }) => `${status.readyReplicas ?? 0}/${spec.replicas}`),
    ageColumn,
    ...containerColumns<StatefulSet>(({ spec }) => spec.template),
  ],
})
