import { always, dflt, int32, int64, listBy, map, required, string } from '../../../schema/schema.ts'
import { ageColumn, containerColumns, integer, labelsText, nameColumn, wide } from '../../columns.ts'
import { core } from '../../group-version.ts'
import { time } from '../../meta/v1/scalars.ts'
import { fillReplicationController } from './defaults.ts'
import { PodTemplateSpec } from './pod-template-spec.ts'

export class ReplicationControllerSpec extends core.type({
  minReadySeconds: int32(),
  replicas: dflt(int32(), 1),
  selector: map(string(), { mapType: 'atomic' }),
  template: PodTemplateSpec,
}) {}

export class ReplicationControllerCondition extends core.type({
  lastTransitionTime: time(),
  message: string(),
  reason: string(),
  status: required(string()),
  type: required(string()),
}) {}

export class ReplicationControllerStatus extends core.type({
  availableReplicas: int32(),
  conditions: listBy(ReplicationControllerCondition, ['type']),
  fullyLabeledReplicas: int32(),
  observedGeneration: int64(),
  readyReplicas: int32(),
  replicas: required(int32()),
}) {}

export class ReplicationController extends core.object(
  {
    spec: always(ReplicationControllerSpec),
    status: always(ReplicationControllerStatus),
  },
  { fill: fillReplicationController },
) {}

export const replicationControllers = core.resource(ReplicationController, {
  plural: 'replicationcontrollers',
  short: ['rc'],
  categories: ['all'],
  namespaced: true,
  status: true,
  scale: { replicas: 'spec.replicas', statusReplicas: 'status.replicas', selector: 'spec.selector' },
  selectableFields: ['status.replicas'],
  registry: 'controllers',
  columns: [
    nameColumn,
    integer('Desired', ({ spec }) => spec.replicas),
    integer('Current', ({ status }) => status.replicas),
    integer('Ready', ({ status }) => status.readyReplicas ?? 0),
    ageColumn,
    ...containerColumns<ReplicationController>(({ spec }) => spec.template),
    wide('Selector', ({ spec }) => labelsText(spec.selector)),
  ],
})
