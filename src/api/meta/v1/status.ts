import { atomicList, int32, string } from '../../../schema/schema.ts'
import { ListMeta } from './list-meta.ts'
import { meta } from './meta.ts'

export class StatusCause extends meta.type({
  field: string(),
  message: string(),
  reason: string(),
}) {}

export class StatusDetails extends meta.type({
  causes: atomicList(StatusCause),
  group: string(),
  kind: string(),
  name: string(),
  retryAfterSeconds: int32(),
  uid: string(),
}) {}

export class Status extends meta.type(
  {
    apiVersion: string(),
    code: int32(),
    details: StatusDetails,
    kind: string(),
    message: string(),
    metadata: ListMeta,
    reason: string(),
    status: string(),
  },
  { kind: true, group: '', version: 'v1' },
) {}
