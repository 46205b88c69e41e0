import { required, string } from '../../../schema/schema.ts'
import { meta } from './meta.ts'

export class GroupResource extends meta.type({
  group: required(string()),
  resource: required(string()),
}) {}
