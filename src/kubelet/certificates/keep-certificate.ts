/** Keeps a certificate valid: asks for a new one when there is none, in the last part of its life, or when its names change. */
import { type Clock, delay } from '../../base/clock.ts'
import { logger } from '../../base/log.ts'
import { type CertificatePair, pairFacts, sortedNames } from './pair.ts'

export interface KeepCertificateOptions {
  readonly clock: Clock
  /** For the log. */
  readonly what: string
  readonly current: () => CertificatePair | undefined
  /** The names it should have now; undefined: they do not matter. An empty list: not known yet, so nothing is asked for. */
  readonly names?: () => readonly string[]
  /** Whether one has to go before its time. */
  readonly outdated?: (pair: CertificatePair) => boolean
  /** Gets a new one and puts it to use. */
  readonly renew: (signal: AbortSignal) => Promise<void>
  /** 0 to 1; which part of the last fifth. Default random. */
  readonly random?: () => number
}

export interface KeptCertificate {
  /** Looks now. */
  poke(): void
  stop(): Promise<void>
}

/** Clocks are set and machines sleep, so the time is looked at now and then. */
const lookEvery = 10_000
const shortest = 5_000
const backdate = 300_000
const retryFirst = 2_000
const retryMost = 120_000
const log = logger('kubelet')

/** When a certificate is to be renewed: between 70 and 90 percent of its life, so that nodes do not all come at once. */
export function renewalTime(pair: CertificatePair, random: number): number {
  const facts = pairFacts(pair)
  if (!facts) return 0
  const { notBefore, notAfter } = facts
  // Signers date certificates back; of a short life, that would be the most.
  const from = notAfter - notBefore > backdate ? notBefore + backdate : notBefore
  return from + (notAfter - from) * (0.7 + 0.2 * random)
}

export function keepCertificate(options: KeepCertificateOptions): KeptCertificate {
  const { clock, what, current, names, random = Math.random, outdated = () => false } = options
  const stop = new AbortController()
  let wake = new AbortController()
  let seen: CertificatePair | undefined
  let part = random()

  function waits(): number {
    const pair = current()
    const wanted = names?.()
    if (wanted?.length === 0) return lookEvery
    if (!pair || outdated(pair)) return 0
    if (pair !== seen) part = random()
    seen = pair
    if (wanted && sortedNames(wanted).join() !== pairFacts(pair)?.names.join()) return 0
    return Math.max(0, renewalTime(pair, part) - clock.now())
  }

  async function run(): Promise<void> {
    let retry = retryFirst
    while (!stop.signal.aborted) {
      let wait = Math.min(waits(), lookEvery)
      if (wait === 0) {
        try {
          await options.renew(stop.signal)
          retry = retryFirst
          log.info({ what, until: until(current()) }, 'certificate renewed')
          // Whatever was given is used for a while, even if it is not what was asked for.
          const next = current()
          const left = next && !outdated(next) ? renewalTime(next, part) - clock.now() : 0
          wait = Math.min(lookEvery, Math.max(shortest, left))
        } catch (error) {
          if (stop.signal.aborted) return
          log.warn({ what, error: (error as Error).message, until: until(current()) }, 'certificate not renewed yet')
          wait = retry
          retry = Math.min(retryMost, retry * 2)
        }
      }
      wake = new AbortController()
      await delay(wait, AbortSignal.any([stop.signal, wake.signal]), clock).catch(() => {})
    }
  }

  const running = run()
  return {
    poke: () => wake.abort(),
    async stop() {
      stop.abort(new Error('the kubelet stops'))
      await running
    },
  }
}

function until(pair: CertificatePair | undefined): string | undefined {
  const facts = pair && pairFacts(pair)
  return facts && new Date(facts.notAfter).toISOString()
}
