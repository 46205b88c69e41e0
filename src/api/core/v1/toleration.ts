import { int64, string } from '../../../schema/schema.ts'
import { core } from '../../group-version.ts'

export class Toleration extends core.type({
  effect: string(),
  key: string(),
  operator: string(),
  tolerationSeconds: int64(),
  value: string(),
}) {}
