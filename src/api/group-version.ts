import { type ResourceOptions, resource } from '../schema/resource.ts'
import {
  type AnyStruct,
  always,
  type Fields,
  type Read,
  type Struct,
  string,
  struct,
  type TypeOptions,
} from '../schema/schema.ts'
import { typePackage } from './meta/v1/meta.ts'
import { ObjectMeta } from './meta/v1/object-meta.ts'

/** The three fields that every object has. */
const objectFields = {
  apiVersion: always(string()),
  kind: always(string()),
  metadata: always(ObjectMeta),
}
type ObjectFields = typeof objectFields

/** What the objects of all kinds have in common. */
export interface KubernetesObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: ObjectMeta
}

/** A group and version of the API: declares the types, objects and resources in it. */
export function groupVersion(group: string, version: string, pkg: string) {
  return {
    group,
    version,
    ...typePackage(pkg),
    object: <const F extends Fields>(fields: F, options: TypeOptions = {}): Struct<F & ObjectFields> =>
      struct(pkg, { ...objectFields, ...fields }, { ...options, kind: true, group, version }) as never,
    resource: <S extends AnyStruct>(type: S, options: ResourceOptions<Read<S>>) =>
      resource(group, version, type, options),
  }
}

export const core = groupVersion('', 'v1', 'io.k8s.api.core.v1')
export const apps = groupVersion('apps', 'v1', 'io.k8s.api.apps.v1')
export const batch = groupVersion('batch', 'v1', 'io.k8s.api.batch.v1')
export const autoscaling = groupVersion('autoscaling', 'v1', 'io.k8s.api.autoscaling.v1')
export const autoscalingV2 = groupVersion('autoscaling', 'v2', 'io.k8s.api.autoscaling.v2')
export const networking = groupVersion('networking.k8s.io', 'v1', 'io.k8s.api.networking.v1')
export const policy = groupVersion('policy', 'v1', 'io.k8s.api.policy.v1')
export const rbac = groupVersion('rbac.authorization.k8s.io', 'v1', 'io.k8s.api.rbac.v1')
export const storage = groupVersion('storage.k8s.io', 'v1', 'io.k8s.api.storage.v1')
export const scheduling = groupVersion('scheduling.k8s.io', 'v1', 'io.k8s.api.scheduling.v1')
export const node = groupVersion('node.k8s.io', 'v1', 'io.k8s.api.node.v1')
export const discovery = groupVersion('discovery.k8s.io', 'v1', 'io.k8s.api.discovery.v1')
export const eventsApi = groupVersion('events.k8s.io', 'v1', 'io.k8s.api.events.v1')
export const coordination = groupVersion('coordination.k8s.io', 'v1', 'io.k8s.api.coordination.v1')
export const certificates = groupVersion('certificates.k8s.io', 'v1', 'io.k8s.api.certificates.v1')
export const authentication = groupVersion('authentication.k8s.io', 'v1', 'io.k8s.api.authentication.v1')
export const authorization = groupVersion('authorization.k8s.io', 'v1', 'io.k8s.api.authorization.v1')
export const admissionregistration = groupVersion(
  'admissionregistration.k8s.io',
  'v1',
  'io.k8s.api.admissionregistration.v1',
)
export const flowcontrol = groupVersion('flowcontrol.apiserver.k8s.io', 'v1', 'io.k8s.api.flowcontrol.v1')
export const resourceApi = groupVersion('resource.k8s.io', 'v1', 'io.k8s.api.resource.v1')
export const apiextensions = groupVersion(
  'apiextensions.k8s.io',
  'v1',
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1',
)
export const apiregistration = groupVersion(
  'apiregistration.k8s.io',
  'v1',
  'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1',
)
