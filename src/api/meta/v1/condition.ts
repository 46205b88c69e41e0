import { int64, required, string } from '../../../schema/schema.ts'
import { meta } from './meta.ts'
import { time } from './scalars.ts'

export class Condition extends meta.type({
  lastTransitionTime: required(time()),
  message: required(string()),
  observedGeneration: int64(),
  reason: required(string()),
  status: required(string()),
  type: required(string()),
}) {}
