import { TokenRequest } from '../../api/authentication/v1/token-request.ts'
import { Scale } from '../../api/autoscaling/v1/scale.ts'
import { Binding } from '../../api/core/v1/binding.ts'
import { DeleteOptions } from '../../api/meta/v1/delete-options.ts'
import { ListMeta } from '../../api/meta/v1/list-meta.ts'
import { Status } from '../../api/meta/v1/status.ts'
import { Eviction } from '../../api/policy/v1/eviction.ts'
import type { AnyStruct } from '../../schema/schema.ts'
import type { Served } from '../registry/served.ts'

/** Kinds that are not resources, but bodies or answers of the requests on these. */
export function otherTypes(served: readonly Served[]): AnyStruct[] {
  const types: AnyStruct[] = [DeleteOptions, ListMeta, Status]
  const core = served.some(({ resource }) => resource.group === '')
  if (served.some(({ resource }) => resource.scale)) types.push(Scale)
  return core ? [...types, Binding, Eviction, TokenRequest] : types
}
