/**
 * The ConfigMaps, Secrets and other objects that pods of this node refer to: each is watched by its name for as long
 * as a pod needs it, so a node sees no others.
 */
import type { KubernetesObject } from '../api/group-version.ts'
import { delay } from '../base/clock.ts'
import type { Client } from '../client/client.ts'
import { Informer } from '../client/informer.ts'
import type { AnyResource, ObjectOf } from '../schema/resource.ts'

export interface Objects {
  /** The object as it is now (waits for the first answer); undefined when there is none. The pod is told of changes. */
  get<R extends AnyResource>(
    podUid: string,
    resource: R,
    namespace: string,
    name: string,
  ): Promise<ObjectOf<R> | undefined>
  /** The pod needs nothing any more. */
  release(podUid: string): void
  stop(): Promise<void>
}

interface Watched {
  readonly informer: Informer<AnyResource>
  readonly pods: Set<string>
}

const patience = 20_000

/** `changed` is called with a pod's uid when something it refers to has another content. */
export function watchedObjects(client: Client | undefined, changed: (podUid: string) => void): Objects {
  const watched = new Map<string, Watched>()

  function watch(client: Client, resource: AnyResource, namespace: string, name: string): Watched {
    const informer = new Informer<AnyResource>(client, resource, { namespace, fieldSelector: `metadata.name=${name}` })
    const pods = new Set<string>()
    const tell = () => {
      if (informer.hasSynced) for (const uid of pods) changed(uid)
    }
    informer.on({ added: tell, updated: tell, deleted: tell })
    informer.start()
    return { informer, pods }
  }

  return {
    async get(podUid, resource, namespace, name) {
      if (!client) throw new Error(`${resource.kind} "${name}" cannot be had without an API server`)
      const key = `${resource.plural}/${namespace}/${name}`
      let entry = watched.get(key)
      if (!entry) watched.set(key, (entry = watch(client, resource, namespace, name)))
      entry.pods.add(podUid)
      if (!entry.informer.hasSynced) await within(entry.informer.synced, `${resource.plural} "${name}"`)
      const object = entry.informer.get(`${namespace}/${name}`) as
        | (KubernetesObject & ObjectOf<typeof resource>)
        | undefined
      // It may have been made a moment ago, as pods and what they need often are made together.
      return object ?? (await client.get(resource, { namespace, name }).catch(missing))
    },
    release(podUid) {
      for (const [key, { informer, pods }] of watched) {
        if (!pods.delete(podUid) || pods.size > 0) continue
        watched.delete(key)
        void informer.stop()
      }
    },
    async stop() {
      await Promise.all([...watched.values()].map(w => w.informer.stop()))
    },
  }
}

async function within(synced: Promise<void>, what: string): Promise<void> {
  const stop = new AbortController()
  const late = delay(patience, stop.signal).then(() => {
    throw new Error(`failed to sync ${what} cache: timed out waiting for the condition`)
  })
  late.catch(() => {})
  try {
    await Promise.race([synced, late])
  } finally {
    stop.abort()
  }
}

function missing(error: unknown): undefined {
  if (error instanceof Error && 'reason' in error && error.reason === 'NotFound') return undefined
  throw error
}
