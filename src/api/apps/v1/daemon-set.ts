import { always, dflt, int32, int64, listBy, required, string } from '../../../schema/schema.ts'
import {
  ageColumn,
  containerColumns,
  integer,
  labelsText,
  nameColumn,
  selectorText,
  text,
  wide,
} from '../../columns.ts'
import { PodTemplateSpec } from '../../core/v1/pod-template-spec.ts'
import { apps } from '../../group-version.ts'
import { LabelSelector } from '../../meta/v1/label-selector.ts'
import { intOrString, time } from '../../meta/v1/scalars.ts'
import { fillDaemonSetUpdateStrategy } from './defaults.ts'

export class RollingUpdateDaemonSet extends apps.type({
  maxSurge: dflt(intOrString(), 0),
  maxUnavailable: dflt(intOrString(), 1),
}) {}

export class DaemonSetUpdateStrategy extends apps.type(
  {
    rollingUpdate: RollingUpdateDaemonSet,
    type: dflt(string(), 'RollingUpdate'),
  },
  { fill: fillDaemonSetUpdateStrategy },
) {}

export class DaemonSetSpec extends apps.type({
  minReadySeconds: int32(),
  revisionHistoryLimit: dflt(int32(), 10),
  selector: required(LabelSelector),
  template: required(PodTemplateSpec),
  updateStrategy: dflt(DaemonSetUpdateStrategy, {}),
}) {}

export class DaemonSetCondition extends apps.type({
  lastTransitionTime: time(),
  message: string(),
  reason: string(),
  status: required(string()),
  type: required(string()),
}) {}

export class DaemonSetStatus extends apps.type({
  collisionCount: int32(),
  conditions: listBy(DaemonSetCondition, ['type']),
  currentNumberScheduled: required(int32()),
  desiredNumberScheduled: required(int32()),
  numberAvailable: int32(),
  numberMisscheduled: required(int32()),
  numberReady: required(int32()),
  numberUnavailable: int32(),
  observedGeneration: int64(),
  updatedNumberScheduled: int32(),
}) {}

export class DaemonSet extends apps.object({
  spec: always(DaemonSetSpec),
  status: always(DaemonSetStatus),
}) {}

export const daemonSets = apps.resource(DaemonSet, {
  plural: 'daemonsets',
  short: ['ds'],
  categories: ['all'],
  namespaced: true,
  status: true,
  columns: [
    nameColumn,
    integer('Desired', ({ status }) => status.desiredNumberScheduled),
    integer('Current', ({ status }) => status.currentNumberScheduled),
    integer('Ready', ({ status }) => status.numberReady),
    integer('Up-to-date', ({ status }) => status.updatedNumberScheduled ?? 0),
    integer('Available', ({ status }) => status.numberAvailable ?? 0),
    text('Node Selector', ({ spec }) => labelsText(spec.template.spec?.nodeSelector)),
    ageColumn,
    ...containerColumns<DaemonSet>(({ spec }) => spec.template),
    wide('Selector', ({ spec }) => selectorText(spec.selector)),
  ],
})
