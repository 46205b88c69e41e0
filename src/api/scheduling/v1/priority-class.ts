import { bool, dflt, int32, string } from '../../../schema/schema.ts'
import { ageColumn, integer, nameColumn, text } from '../../columns.ts'
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
  columns: [
    nameColumn,
    integer('Value', ({ value }) => value ?? 0),
    { name: 'Global-Default', type: 'boolean', of: ({ globalDefault }) => globalDefault ?? false },
    ageColumn,
    text('PreemptionPolicy', ({ preemptionPolicy }) => preemptionPolicy),
  ],
})
