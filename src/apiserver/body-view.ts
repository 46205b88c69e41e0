import { TokenRequest } from '../api/authentication/v1/token-request.ts'
import { Scale } from '../api/autoscaling/v1/scale.ts'
import { Binding } from '../api/core/v1/binding.ts'
import { DeleteOptions } from '../api/meta/v1/delete-options.ts'
import { Eviction } from '../api/policy/v1/eviction.ts'
import type { AnyStruct } from '../schema/schema.ts'
import { type View, view } from '../schema/view.ts'
import type { Served } from './registry/served.ts'

/** Kinds that bodies may have beside that of the resource. */
const others: Readonly<Record<string, AnyStruct>> = {
  DeleteOptions,
  'policy/v1 Eviction': Eviction,
  'policy/v1beta1 Eviction': Eviction,
  'v1 Binding': Binding,
  'autoscaling/v1 Scale': Scale,
  'authentication.k8s.io/v1 TokenRequest': TokenRequest,
}

/** The schema of a body of this kind sent to the resource; undefined: it does not belong there. */
export function bodyView({ resource, view: own }: Served, kind: string, apiVersion: string): View | undefined {
  if (kind === resource.kind && apiVersion === resource.apiVersion) return own
  // DeleteOptions come under the version of any group.
  const type = others[kind] ?? others[`${apiVersion} ${kind}`]
  return type && view(type)
}
