import { atomicList, required, string } from '../../../schema/schema.ts'
import { core } from '../../group-version.ts'

export class NodeSelectorRequirement extends core.type({
  key: required(string()),
  operator: required(string()),
  values: atomicList(string()),
}) {}

export class NodeSelectorTerm extends core.type(
  {
    matchExpressions: atomicList(NodeSelectorRequirement),
    matchFields: atomicList(NodeSelectorRequirement),
  },
  { mapType: 'atomic' },
) {}

export class NodeSelector extends core.type(
  {
    nodeSelectorTerms: required(atomicList(NodeSelectorTerm)),
  },
  { mapType: 'atomic' },
) {}
