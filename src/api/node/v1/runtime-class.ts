import { atomicList, map, required, string } from '../../../schema/schema.ts'
import { ageColumn, nameColumn, text } from '../../columns.ts'
import { Toleration } from '../../core/v1/toleration.ts'
import { node } from '../../group-version.ts'
import { quantity } from '../../meta/v1/scalars.ts'

export class Overhead extends node.type({
  podFixed: map(quantity()),
}) {}

export class Scheduling extends node.type({
  nodeSelector: map(string(), { mapType: 'atomic' }),
  tolerations: atomicList(Toleration),
}) {}

export class RuntimeClass extends node.object({
  handler: required(string()),
  overhead: Overhead,
  scheduling: Scheduling,
}) {}

export const runtimeClasses = node.resource(RuntimeClass, {
  plural: 'runtimeclasses',
  namespaced: false,
  columns: [nameColumn, text('Handler', ({ handler }) => handler), ageColumn],
})
