import { atomicList, required, string } from '../../../schema/schema.ts'
import { meta } from './meta.ts'

export class FieldSelectorRequirement extends meta.type({
  key: required(string()),
  operator: required(string()),
  values: atomicList(string()),
}) {}
