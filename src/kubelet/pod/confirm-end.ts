import { pods } from '../../api/core/v1/pod.ts'
import type { Client } from '../../client/client.ts'
import { isConflict, isNotFound } from '../../machinery/status-error.ts'
import type { PodDeps } from './deps.ts'
import type { StatusWriter } from './status-writer.ts'

/** Lets the API server forget a pod that was deleted and has now ended; its last status is written first. */
export function confirmEnd(client: Client | undefined, statuses: StatusWriter): PodDeps['confirmEnd'] {
  return async (pod, apiPod) => {
    if (!client || apiPod?.metadata.deletionTimestamp === undefined || apiPod.metadata.uid !== pod.metadata.uid) return
    const { name, namespace, uid } = apiPod.metadata
    await statuses.settled(uid)
    try {
      await client.delete(pods, { name, namespace }, { gracePeriodSeconds: 0, preconditions: { uid } })
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error
    }
  }
}
