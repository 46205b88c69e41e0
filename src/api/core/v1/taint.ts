import { required, string } from '../../../schema/schema.ts'
import { core } from '../../group-version.ts'
import { time } from '../../meta/v1/scalars.ts'

export class Taint extends core.type({
  effect: required(string()),
  key: required(string()),
  timeAdded: time(),
  value: string(),
}) {}
