import { atomicList, required, string } from '../../../schema/schema.ts'
import { core } from '../../group-version.ts'

export class TopologySelectorLabelRequirement extends core.type({
  key: required(string()),
  values: required(atomicList(string())),
}) {}

export class TopologySelectorTerm extends core.type(
  {
    matchLabelExpressions: atomicList(TopologySelectorLabelRequirement),
  },
  { mapType: 'atomic' },
) {}
