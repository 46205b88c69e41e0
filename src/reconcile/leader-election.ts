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
  /**
   * Runs while this candidate leads; its signal is aborted when the lead is lost or given up. When it ends by itself,
   * the candidate gives the lease back and leaves the election; what it throws, leaderElection() throws.
   */
  readonly lead: (signal: AbortSignal) => Promise<void>
}

const log = logger('leader-election')

/**
 * Takes part in an election until `signal` is aborted: one candidate at a time holds the Lease and runs `lead`. Time is
 * measured from when a renewal was seen on this machine's own clock, so clocks of candidates may differ (upstream's rule).
 */
export async function leaderElection(options: LeaderElectionOptions, signal: AbortSignal): Promise<void> {
  const { clock = systemClock, retryPeriod = 2_000 } = options
  const tryAcquire = acquirer(options, clock, signal)
  while (!signal.aborted) {
    if (!(await tryAcquire())) {
      await delay(retryPeriod, signal, clock).catch(() => {})
      continue
    }
    log.info({ lease: options.name, identity: options.identity }, 'leading')
    const lost = new AbortController()
    const over = AbortSignal.any([signal, lost.signal])
    const keeping = keep(tryAcquire, lost, { ...options, clock }, over)
    try {
      await options.lead(over)
      if (!lost.signal.aborted) return
    } finally {
      const held = !lost.signal.aborted
      lost.abort(new Error('the lead is over'))
      await keeping
      if (held) await release(options).catch(() => {})
    }
  }
}

/** Renews until `over`; aborts `lost` when no renewal succeeded for the deadline, even if one hangs. */
async function keep(
  renew: () => Promise<boolean>,
  lost: AbortController,
  options: LeaderElectionOptions & { readonly clock: Clock },
  over: AbortSignal,
): Promise<void> {
  const { clock, renewDeadline = 10_000, retryPeriod = 2_000 } = options
  const deadline = () => clock.after(renewDeadline, () => lost.abort(new Error('the lead is lost')))
  let cancel = deadline()
  while (!over.aborted) {
    await delay(retryPeriod, over, clock).catch(() => {})
    if (over.aborted || !(await renew()) || over.aborted) continue
    cancel()
    cancel = deadline()
  }
  cancel()
}

/** Tries to take or renew the lease; false when somebody else has it, or it cannot be told. */
function acquirer(options: LeaderElectionOptions, clock: Clock, signal: AbortSignal): () => Promise<boolean> {
  const { client, namespace, name, identity, leaseDuration = 15_000 } = options
  let seen = { record: '', at: 0 }
  const read = () =>
    client.get(leases, { namespace, name }, signal).catch(error => {
      if (isNotFound(error)) return undefined
      throw error
    })

  async function acquire(): Promise<boolean> {
    const now = rfc3339Micro(clock.now())
    const spec = { holderIdentity: identity, leaseDurationSeconds: Math.round(leaseDuration / 1000), renewTime: now }
    const lease = await read()
    if (!lease) {
      const first = { ...spec, acquireTime: now, leaseTransitions: 0 }
      await client.create(leases, { metadata: { namespace, name }, spec: first })
      return true
    }
    const held = lease.spec
    const record = `${held.holderIdentity} ${held.renewTime}`
    if (record !== seen.record) seen = { record, at: clock.now() }
    const mine = held.holderIdentity === identity
    if (held.holderIdentity && !mine && clock.now() < seen.at + leaseDuration) return false
    const acquireTime = mine ? (held.acquireTime ?? now) : now
    const leaseTransitions = (held.leaseTransitions ?? 0) + (mine ? 0 : 1)
    await client.update(leases, { ...lease, spec: { ...spec, acquireTime, leaseTransitions } })
    return true
  }

  return () =>
    acquire().catch(error => {
      if (!signal.aborted) log.debug({ lease: name, error: String(error) }, 'lease not taken')
      return false
    })
}

/** Gives the lease back, so that the next candidate need not wait for its end. */
async function release({ client, namespace, name, identity }: LeaderElectionOptions): Promise<void> {
  const lease = await client.get(leases, { namespace, name })
  if (lease.spec.holderIdentity !== identity) return
  await client.update(leases, { ...lease, spec: { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1 } })
}
