import { bool, dflt, int32, string } from '../../../schema/schema.ts'
import { scheduling } from '../../group-version.ts'

export class PriorityClass extends scheduling.object({
  description: string(),
  globalDefault: bool(),
  preemptionPolicy: dflt(string(), 'PreemptLowerPriority'),
  value: int32(),
}) {}

export const priorityClasses = scheduling.resource(PriorityClass, {
  plural: 'priorityclasses',
  short: ['pc'],
  namespaced: false,
})
