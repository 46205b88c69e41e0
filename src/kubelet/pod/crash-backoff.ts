/** How long a container that keeps ending waits before it starts again: 10 s, doubled up to 5 min, forgotten after 10 min. */

export interface CrashBackoff {
  /** Milliseconds. */
  readonly delay: number
  /** When it was last used. */
  readonly at: number
}

const first = 10_000
const most = 300_000

/** When a container that ended at `finishedAt` may start again; undefined: at once. */
export function restartAt(backoff: CrashBackoff | undefined, finishedAt: number, now: number): number | undefined {
  if (!backoff || finishedAt - backoff.at > 2 * most) return undefined
  const at = finishedAt + backoff.delay
  return at > now ? at : undefined
}

/** The back-off after one more start. */
export function nextBackoff(backoff: CrashBackoff | undefined, now: number): CrashBackoff {
  if (!backoff || now - backoff.at > 2 * most) return { delay: first, at: now }
  return { delay: Math.min(most, backoff.delay * 2), at: now }
}
