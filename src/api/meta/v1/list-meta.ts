import { int64, required, string } from '../../../schema/schema.ts'
import { meta } from './meta.ts'

export class ShardInfo extends meta.type({
  selector: required(string()),
}) {}

export class ListMeta extends meta.type({
  continue: string(),
  remainingItemCount: int64(),
  resourceVersion: string(),
  selfLink: string(),
  shardInfo: ShardInfo,
}) {}
