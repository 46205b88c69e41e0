import { always, bool, dflt, int32, int64, listBy, noted, required, string } from '../../../schema/schema.ts'
import { ageColumn, containerColumns, integer, nameColumn, selectorText, text, wide } from '../../columns.ts'
import { PodTemplateSpec } from '../../core/v1/pod-template-spec.ts'
import { apps } from '../../group-version.ts'
import { LabelSelector } from '../../meta/v1/label-selector.ts'
import { intOrString, time } from '../../meta/v1/scalars.ts'
import { fillDeploymentStrategy } from './defaults.ts'

export class RollingUpdateDeployment extends apps.type({
  maxSurge: dflt(intOrString(), '25%'),
  maxUnavailable: dflt(intOrString(), '25%'),
}) {}

export class DeploymentStrategy extends apps.type(
  {
    rollingUpdate: RollingUpdateDeployment,
    type: dflt(string(), 'RollingUpdate'),
  },
  { fill: fillDeploymentStrategy },
) {}

export class DeploymentSpec extends apps.type({
  minReadySeconds: int32(),
  paused: bool(),
  progressDeadlineSeconds: dflt(int32(), 600),
  replicas: dflt(int32(), 1),
  revisionHistoryLimit: dflt(int32(), 10),
  selector: required(LabelSelector),
  strategy: dflt(noted(DeploymentStrategy, { patchStrategy: 'retainKeys' }), {}),
  template: required(PodTemplateSpec),
}) {}

export class DeploymentCondition extends apps.type({
  lastTransitionTime: time(),
  lastUpdateTime: time(),
  message: string(),
  reason: string(),
  status: required(string()),
  type: required(string()),
}) {}

export class DeploymentStatus extends apps.type({
  availableReplicas: int32(),
  collisionCount: int32(),
  conditions: listBy(DeploymentCondition, ['type']),
  observedGeneration: int64(),
  readyReplicas: int32(),
  replicas: int32(),
  terminatingReplicas: int32(),
  unavailableReplicas: int32(),
  updatedReplicas: int32(),
}) {}

export class Deployment extends apps.object({
  spec: always(DeploymentSpec),
  status: always(DeploymentStatus),
}) {}

export const deployments = apps.resource(Deployment, {
  plural: 'deployments',
  short: ['deploy'],
  categories: ['all'],
  namespaced: true,
  status: true,
  scale: { replicas: 'spec.replicas', statusReplicas: 'status.replicas', selector: 'spec.selector' },
  columns: [
    nameColumn,
    text('Ready', ({ spec, status }) => `${status.readyReplicas ?? 0}/${spec.replicas}`),
    integer('Up-to-date', ({ status }) => status.updatedReplicas ?? 0),
    integer('Available', ({ status }) => status.availableReplicas ?? 0),
    ageColumn,
    ...containerColumns<Deployment>(({ spec }) => spec.template),
    wide('Selector', ({ spec }) => selectorText(spec.selector)),
  ],
})
