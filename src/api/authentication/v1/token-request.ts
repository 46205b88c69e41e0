import { always, atomicList, int64, string } from '../../../schema/schema.ts'
import { authentication } from '../../group-version.ts'
import { time } from '../../meta/v1/scalars.ts'

export class BoundObjectReference extends authentication.type({
  apiVersion: string(),
  kind: string(),
  name: string(),
  uid: string(),
}) {}

export class TokenRequestSpec extends authentication.type({
  audiences: atomicList(string()),
  boundObjectRef: BoundObjectReference,
  expirationSeconds: int64(),
}) {}

export class TokenRequestStatus extends authentication.type({
  expirationTimestamp: time(),
  token: string(),
}) {}

export class TokenRequest extends authentication.object({
  spec: always(TokenRequestSpec),
  status: always(TokenRequestStatus),
}) {}
