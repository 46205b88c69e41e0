import type { AnyResource } from '../../schema/resource.ts'

/** Groups whose objects lie in a directory of the group's name; those of all others are right under /registry/. */
const ownDirectory = new Set(['apiextensions.k8s.io', 'apiregistration.k8s.io'])

/** Where the objects of a resource lie, with a trailing slash. Custom resources always lie under their group. */
export function storagePrefix(resource: AnyResource, custom = false): string {
  const directory = resource.registry ?? resource.plural
  const group = custom || ownDirectory.has(resource.group) ? `${resource.group}/` : ''
  return `/registry/${group}${directory}/`
}

/** The key of one object under its resource's prefix. */
export function storageKey(prefix: string, namespace: string | undefined, name: string): string {
  return namespace === undefined ? `${prefix}${name}` : `${prefix}${namespace}/${name}`
}
