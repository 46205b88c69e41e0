import { always, atomicList, map, required, string } from '../../../schema/schema.ts'
import { createdAtColumn, nameColumn } from '../../columns.ts'
import { core } from '../../group-version.ts'
import { quantity } from '../../meta/v1/scalars.ts'
import { fillLimitRangeItem } from './defaults.ts'

export class LimitRangeItem extends core.type(
  {
    default: map(quantity()),
    defaultRequest: map(quantity()),
    max: map(quantity()),
    maxLimitRequestRatio: map(quantity()),
    min: map(quantity()),
    type: required(string()),
  },
  { fill: fillLimitRangeItem },
) {}

export class LimitRangeSpec extends core.type({
  limits: required(atomicList(LimitRangeItem)),
}) {}

export class LimitRange extends core.object({
  spec: always(LimitRangeSpec),
}) {}

export const limitRanges = core.resource(LimitRange, {
  plural: 'limitranges',
  short: ['limits'],
  namespaced: true,
  columns: [nameColumn, createdAtColumn],
})
