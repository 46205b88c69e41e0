/** The API server's pictures of static pods, so that people see them. */
import { nodes } from '../../api/core/v1/node.ts'
import { pods } from '../../api/core/v1/pod.ts'
import { logger } from '../../base/log.ts'
import type { Client } from '../../client/client.ts'
import { isAlreadyExists, isNotFound } from '../../machinery/status-error.ts'
import { configMirrorAnnotation } from '../labels.ts'
import type { MirrorPods } from '../pod/pod-set.ts'
import type { Pod } from '../pod/types.ts'

const log = logger('kubelet')

/** Creates and deletes mirrors; without an API server there are none. What fails is tried again by `retry`. */
export function mirrorPods(
  client: Client | undefined,
  nodeName: string,
): MirrorPods & { retry(): void; stop(): Promise<void> } {
  const wanted = new Map<string, Pod>()
  const running = new Set<Promise<void>>()
  let stopped = false

  async function create(pod: Pod): Promise<void> {
    if (!client || stopped) return
    const { name, namespace, uid, annotations, labels } = pod.metadata
    try {
      const node = await client.get(nodes, { name: nodeName })
      const owner = { apiVersion: 'v1', kind: 'Node', name: nodeName, uid: node.metadata.uid, controller: true }
      const metadata = {
        name,
        namespace,
        ...(labels && { labels }),
        annotations: { ...annotations, [configMirrorAnnotation]: uid },
        ownerReferences: [owner],
      }
      await client.create(pods, { metadata, spec: pod.spec } as never)
      wanted.delete(uid)
    } catch (error) {
      if (isAlreadyExists(error)) wanted.delete(uid)
      else log.debug({ pod: name, error: String(error) }, 'cannot create a mirror pod yet')
    }
  }

  async function remove(mirror: Pod): Promise<void> {
    const { name, namespace, uid } = mirror.metadata
    await client?.delete(pods, { name, namespace }, { gracePeriodSeconds: 0, preconditions: { uid } }).catch(error => {
      if (!isNotFound(error)) log.warn({ pod: name, error: String(error) }, 'cannot delete a mirror pod')
    })
  }

  function track(work: Promise<void>): void {
    running.add(work)
    void work.finally(() => running.delete(work))
  }

  return {
    create(pod) {
      if (wanted.has(pod.metadata.uid)) return
      wanted.set(pod.metadata.uid, pod)
      track(create(pod))
    },
    remove: mirror => track(remove(mirror)),
    retry() {
      for (const pod of wanted.values()) track(create(pod))
    },
    async stop() {
      stopped = true
      await Promise.all(running)
    },
  }
}
