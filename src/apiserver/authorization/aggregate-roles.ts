import { type ClusterRole, clusterRoles } from '../../api/rbac/v1/cluster-role.ts'
import type { Client } from '../../client/client.ts'
import { isConflict, isNotFound } from '../../machinery/status-error.ts'
import { deepEqual } from '../cache/json.ts'
import type { Lister } from '../lister.ts'
import { effectiveRules } from './aggregation.ts'

/**
 * Writes what aggregating ClusterRoles give into their rules, where people and other programs look for it; deciding
 * never waits for that. Goes on until stopped.
 */
export function keepAggregated(client: Client, lister: Lister, failed: (error: unknown) => void): () => void {
  let due = false
  let stopped = false
  let running = Promise.resolve()
  const schedule = () => {
    if (due || stopped) return
    due = true
    running = running.then(async () => {
      due = false
      if (!stopped) await writeAggregated(client, lister).catch(failed)
    })
  }
  const stop = lister.follow(clusterRoles, schedule)
  schedule()
  return () => {
    stopped = true
    stop()
  }
}

/** Brings the rules of all aggregating roles up to date, once. */
export async function writeAggregated(client: Client, lister: Lister): Promise<void> {
  const loading = lister.ready([clusterRoles])
  if (loading) await loading
  const all = lister.list(clusterRoles)
  const stale = all.filter(role => role.aggregationRule && !deepEqual(role.rules ?? [], effectiveRules(role, all)))
  await Promise.all(
    stale.map(role =>
      client.update(clusterRoles, { ...role, rules: effectiveRules(role, all) } as ClusterRole).catch(error => {
        // Whoever was faster made a change, which leads back here.
        if (!isConflict(error) && !isNotFound(error)) throw error
      }),
    ),
  )
}
