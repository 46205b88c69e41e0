import { listBy, map, required, string } from '../../../schema/schema.ts'
import { core } from '../../group-version.ts'
import { quantity } from '../../meta/v1/scalars.ts'

export class ResourceClaim extends core.type({
  name: required(string()),
  request: string(),
}) {}

export class ResourceRequirements extends core.type({
  claims: listBy(ResourceClaim, ['name'], {}),
  limits: map(quantity()),
  requests: map(quantity()),
}) {}
