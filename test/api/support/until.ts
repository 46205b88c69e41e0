import type { KubernetesObject } from '../../../src/api/group-version.ts'
import type { Client } from '../../../src/client/client.ts'
import { Informer } from '../../../src/client/informer.ts'
import type { AnyResource, ObjectOf } from '../../../src/schema/resource.ts'

/** No promise of a cluster in one process takes longer, milliseconds. */
const patience = 15_000

/** Resolves with what `look` answers for all objects of a kind as soon as that is something; no polling. */
export async function until<R extends AnyResource, T>(
  client: Client,
  resource: R,
  look: (objects: readonly (ObjectOf<R> & KubernetesObject)[]) => T | undefined | false,
): Promise<T> {
  const found = Promise.withResolvers<T>()
  await using informer = new Informer(client, resource)
  const check = () => {
    const answer = informer.hasSynced ? look([...informer.list()]) : undefined
    if (answer) found.resolve(answer)
  }
  informer.on({ added: check, updated: check, deleted: check })
  informer.start()
  const timer = setTimeout(() => {
    const there = JSON.stringify([...informer.list()], undefined, 1)
    found.reject(new Error(`in vain: ${look}\nthere were ${there.slice(0, 6_000)}`))
  }, patience)
  try {
    await informer.synced
    check()
    return await found.promise
  } finally {
    clearTimeout(timer)
  }
}

/** As until(), for one object by its name. */
export function untilOne<R extends AnyResource>(
  client: Client,
  resource: R,
  name: string,
  holds: (object: ObjectOf<R> & KubernetesObject) => unknown = () => true,
): Promise<ObjectOf<R> & KubernetesObject> {
  return until(client, resource, all => all.find(object => object.metadata.name === name && holds(object)))
}

/** Resolves when no object of this name is there. */
export async function untilGone(client: Client, resource: AnyResource, name: string): Promise<void> {
  await until(client, resource, all => all.every(object => (object as KubernetesObject).metadata.name !== name))
}
