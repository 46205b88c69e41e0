import { leases } from '../api/coordination/v1/lease.ts'
import { type Clock, delay, rfc3339Micro, systemClock } from '../base/clock.ts'
import { logger } from '../base/log.ts'
import type { Client } from '../client/client.ts'
import { isNotFound } from '../machinery/status-error.ts'

export interface LeaderElectionOptions {
  readonly client: Client
  readonly namespace: string
  readonly name: string
  /** Unique among the candidates. */
  readonly identity: string
  /** Milliseconds; upstream's defaults: 15 s, 10 s, 2 s. */
  readonly leaseDuration?: number
  readonly renewDeadline?: number
  readonly retryPeriod?: number
  readonly clock?: Clock
  /** Runs while this candidate leads; its signal is aborted when the lead is lost or given up. */
  readonly lead: (signal: AbortSignal) => Promise<void>
}

const log = logger('leader-election')

/**
 * Takes part in an election until `signal` is aborted: one candidate at a time holds the Lease and runs `lead`. Time is
 * measured from when a renewal was seen on this machine's own clock, so clocks of candidates may differ (upstream's rule).
 */
export async function leaderElection(options: LeaderElectionOptions, signal: AbortSignal): Promise<void> {
  const clock = options.clock ?? systemClock
  const { leaseDuration = 15_000, renewDeadline = 10_000, retryPeriod = 2_000 } = options
  let seen = { record: '', at: 0 }

  async function acquire(): Promise<boolean> {
    const { client, namespace, name, identity } = options
    const now = rfc3339Micro(clock.now())
    const spec = { holderIdentity: identity, leaseDurationSeconds: Math.round(leaseDuration / 1000), renewTime: now }
    let lease: Awaited<ReturnType<typeof read>>
    const read = () => client.get(leases, { namespace, name }, signal)
    try {
      lease = await read()
    } catch (error) {
      if (!isNotFound(error)) throw error
      await client.create(leases, {
        metadata: { namespace, name },
        spec: { ...spec, acquireTime: now, leaseTransitions: 0 },
      })
      return true
    }
    const held = lease.spec
    const record = `${held.holderIdentity} ${held.renewTime}`
    if (record !== seen.record) seen = { record, at: clock.now() }
    const mine = held.holderIdentity === identity
    if (held.holderIdentity && !mine && clock.now() < seen.at + leaseDuration) return false
    await client.update(leases, {
      ...lease,
      spec: {
        ...spec,
        acquireTime: mine ? (held.acquireTime ?? now) : now,
        leaseTransitions: (held.leaseTransitions ?? 0) + (mine ? 0 : 1),
      },
    })
    return true
  }

  const tryAcquire = () =>
    acquire().catch(error => {
      if (!signal.aborted) log.debug({ lease: options.name, error: String(error) }, 'lease not taken')
      return false
    })

  while (!signal.aborted) {
    if (!(await tryAcquire())) {
      await delay(retryPeriod, signal, clock).catch(() => {})
      continue
    }
    log.info({ lease: options.name, identity: options.identity }, 'leading')
    const lead = new AbortController()
    const leading = options.lead(AbortSignal.any([signal, lead.signal]))
    let renewed = clock.now()
    while (!signal.aborted && clock.now() < renewed + renewDeadline) {
      await delay(retryPeriod, signal, clock).catch(() => {})
      if (!signal.aborted && (await tryAcquire())) renewed = clock.now()
    }
    lead.abort(new Error('the lead is lost'))
    await leading
    if (signal.aborted) await release(options).catch(() => {})
  }
}

/** Gives the lease back, so that the next candidate need not wait for its end. */
async function release({ client, namespace, name, identity }: LeaderElectionOptions): Promise<void> {
  const lease = await client.get(leases, { namespace, name })
  if (lease.spec.holderIdentity !== identity) return
  await client.update(leases, { ...lease, spec: { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1 } })
}
