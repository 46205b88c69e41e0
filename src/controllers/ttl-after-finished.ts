/** Removes jobs that ended, some time after. */
import { jobs } from '../api/batch/v1/job.ts'
import { isNotFound } from '../machinery/status-error.ts'
import { type Controller, controller, own } from '../reconcile/controller.ts'
import { isFinished } from './job.ts'

export function ttlAfterFinishedController(): Controller {
  return controller({
    name: 'ttl-after-finished-controller',
    watches: [own(jobs)],
    reconcile: async (key, { client, informers, clock }) => {
      const job = informers.of(jobs).get(key)
      const ttl = job?.spec.ttlSecondsAfterFinished
      if (!job || ttl === undefined || job.metadata.deletionTimestamp || !isFinished(job)) return undefined
      const ends = (job.status.conditions ?? []).filter(c => c.type === 'Complete' || c.type === 'Failed')
      const end = Math.max(...ends.map(c => Date.parse(c.lastTransitionTime ?? '') || 0))
      const left = end + ttl * 1000 - clock.now()
      if (left > 0) return { after: left }
      const { uid } = job.metadata
      await client
        .delete(jobs, job.metadata, { propagationPolicy: 'Foreground', preconditions: { uid } })
        .catch(error => {
          if (!isNotFound(error)) throw error
        })
      return undefined
    },
  })
}
