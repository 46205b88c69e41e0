import type { KubernetesObject } from '../api/group-version.ts'
import type { Client } from '../client/client.ts'
import { isNotFound } from '../machinery/status-error.ts'
import type { AnyResource, WriteOfResource } from '../schema/resource.ts'

/** An object together with the kind it is of, as lists of what a cluster has hold them. */
export type Declared = readonly [AnyResource, WriteOfResource<AnyResource>]

/** Types an object by its resource, for lists of different kinds. */
export function declare<R extends AnyResource>(resource: R, object: WriteOfResource<R>): Declared {
  return [resource, object as WriteOfResource<AnyResource>]
}

/**
 * Makes the spec and data of an object what they should be; creates it where it is not there. Not the other way round:
 * creating a Service again is refused for its address, before its name is looked at. Lists are replaced: merged by
 * `port`, the two ports 53 of the DNS would become one.
 */
export async function ensure<R extends AnyResource>(
  client: Client,
  resource: R,
  object: WriteOfResource<R>,
): Promise<void> {
  const { metadata, ...rest } = object as unknown as KubernetesObject
  const { annotations, labels } = metadata
  const marks = { ...(annotations && { annotations }), ...(labels && { labels }) }
  try {
    await client.patch(resource, metadata, { ...rest, metadata: marks }, { type: 'merge' })
  } catch (error) {
    if (!isNotFound(error)) throw error
    await client.create(resource, object)
  }
}

/** As `ensure`, one after the other. */
export async function ensureAll(client: Client, objects: readonly Declared[]): Promise<void> {
  for (const [resource, object] of objects) await ensure(client, resource, object)
}
