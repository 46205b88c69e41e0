import { atomicList, map, required, string } from '../../../schema/schema.ts'
import { meta } from './meta.ts'

export class LabelSelectorRequirement extends meta.type({
  key: required(string()),
  operator: required(string()),
  values: atomicList(string()),
}) {}

export class LabelSelector extends meta.type(
  {
    matchExpressions: atomicList(LabelSelectorRequirement),
    matchLabels: map(string()),
  },
  { mapType: 'atomic' },
) {}
