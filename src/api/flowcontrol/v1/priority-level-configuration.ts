import { always, dflt, int32, listBy, required, string } from '../../../schema/schema.ts'
import { ageColumn, nameColumn, text } from '../../columns.ts'
import { flowcontrol } from '../../group-version.ts'
import { time } from '../../meta/v1/scalars.ts'

export class ExemptPriorityLevelConfiguration extends flowcontrol.type({
  lendablePercent: dflt(int32(), 0),
  nominalConcurrencyShares: dflt(int32(), 0),
}) {}

export class QueuingConfiguration extends flowcontrol.type({
  handSize: dflt(int32(), 8),
  queueLengthLimit: dflt(int32(), 50),
  queues: dflt(int32(), 64),
}) {}

export class LimitResponse extends flowcontrol.type(
  {
    queuing: QueuingConfiguration,
    type: required(string()),
  },
  { unions: [{ discriminator: 'type', 'fields-to-discriminateBy': { queuing: 'Queuing' } }] },
) {}

export class LimitedPriorityLevelConfiguration extends flowcontrol.type({
  borrowingLimitPercent: int32(),
  lendablePercent: dflt(int32(), 0),
  limitResponse: LimitResponse,
  nominalConcurrencyShares: dflt(int32(), 30),
}) {}

export class PriorityLevelConfigurationSpec extends flowcontrol.type(
  {
    exempt: ExemptPriorityLevelConfiguration,
    limited: LimitedPriorityLevelConfiguration,
    type: required(string()),
  },
  { unions: [{ discriminator: 'type', 'fields-to-discriminateBy': { exempt: 'Exempt', limited: 'Limited' } }] },
) {}

export class PriorityLevelConfigurationCondition extends flowcontrol.type({
  lastTransitionTime: time(),
  message: string(),
  reason: string(),
  status: string(),
  type: string(),
}) {}

export class PriorityLevelConfigurationStatus extends flowcontrol.type({
  conditions: listBy(PriorityLevelConfigurationCondition, ['type']),
}) {}

export class PriorityLevelConfiguration extends flowcontrol.object({
  spec: always(PriorityLevelConfigurationSpec),
  status: always(PriorityLevelConfigurationStatus),
}) {}

export const priorityLevelConfigurations = flowcontrol.resource(PriorityLevelConfiguration, {
  plural: 'prioritylevelconfigurations',
  namespaced: false,
  status: true,
  columns: [
    nameColumn,
    text('Type', ({ spec }) => spec.type),
    text(
      'NominalConcurrencyShares',
      ({ spec }) => spec.limited?.nominalConcurrencyShares ?? spec.exempt?.nominalConcurrencyShares,
    ),
    text('Queues', ({ spec }) => spec.limited?.limitResponse?.queuing?.queues),
    text('HandSize', ({ spec }) => spec.limited?.limitResponse?.queuing?.handSize),
    text('QueueLengthLimit', ({ spec }) => spec.limited?.limitResponse?.queuing?.queueLengthLimit),
    ageColumn,
  ],
})
