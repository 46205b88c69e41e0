/** Watches over one running container: its startup probe first, then readiness and liveness together. */

import type { Probe } from '../../api/core/v1/probe.ts'
import type { Clock } from '../../base/clock.ts'
import type { ProbeVerdict } from '../pod/types.ts'
import { type Look, look, type Target } from './probe-action.ts'
import { counted, noLooks, type ProbeCount } from './probe-count.ts'

export interface ProberOptions {
  readonly clock: Clock
  /** With the address as it is when the probe runs. */
  readonly target: () => Target
  /** When the container started, milliseconds since the epoch. */
  readonly startedAt: number
  /** What was known of this very container before the kubelet started. */
  readonly before: { readonly started: boolean; readonly ready: boolean } | undefined
  /** The pod's end: liveness does not matter any more. */
  readonly ending: () => boolean
  readonly changed: () => void
  readonly unhealthy: (probe: ProbeKind, output: string) => void
  /** For tests. */
  readonly look?: typeof look
}

export type ProbeKind = 'Startup' | 'Readiness' | 'Liveness'

export class Prober {
  readonly #options: ProberOptions
  readonly #probes: Readonly<Partial<Record<ProbeKind, Probe>>>
  readonly #cancels = new Map<ProbeKind, () => void>()
  #verdict: ProbeVerdict
  #stopped = false

  constructor(options: ProberOptions) {
    this.#options = options
    const { startupProbe, readinessProbe, livenessProbe } = options.target().container
    this.#probes = {
      ...(startupProbe && { Startup: startupProbe }),
      ...(readinessProbe && { Readiness: readinessProbe }),
      ...(livenessProbe && { Liveness: livenessProbe }),
    }
    const started = !startupProbe || (options.before?.started ?? false)
    const ready = started && (!readinessProbe || (options.before?.ready ?? false))
    this.#verdict = { started, ready }
    if (started) this.#watchRunning()
    else this.#schedule('Startup')
  }

  get verdict(): ProbeVerdict {
    return this.#verdict
  }

  stop(): void {
    this.#stopped = true
    for (const cancel of this.#cancels.values()) cancel()
    this.#cancels.clear()
  }

  #watchRunning(): void {
    if (this.#probes.Readiness) this.#schedule('Readiness')
    if (this.#probes.Liveness) this.#schedule('Liveness')
  }

  #schedule(kind: ProbeKind): void {
    const { clock, startedAt } = this.#options
    const delay = (this.#probes[kind]!.initialDelaySeconds ?? 0) * 1000
    this.#later(kind, Math.max(0, startedAt + delay - clock.now()), noLooks)
  }

  #later(kind: ProbeKind, ms: number, count: ProbeCount): void {
    if (!this.#stopped)
      this.#cancels.set(
        kind,
        this.#options.clock.after(ms, () => void this.#run(kind, count)),
      )
  }

  async #run(kind: ProbeKind, before: ProbeCount): Promise<void> {
    const probe = this.#probes[kind]!
    const { target, ending, unhealthy } = this.#options
    const began = this.#options.clock.now()
    const found: Look = await (this.#options.look ?? look)(probe, target(), probe.timeoutSeconds * 1000)
    if (this.#stopped) return
    const count = counted(before, found.ok, probe)
    const matters = kind === 'Readiness' || !ending()
    if (!found.ok && matters) unhealthy(kind, found.output)
    if (matters && this.#conclude(kind, count.result, probe)) return
    const spent = this.#options.clock.now() - began
    this.#later(kind, Math.max(0, probe.periodSeconds * 1000 - spent), count)
  }

  /** Answers whether this probe has done its work. */
  #conclude(kind: ProbeKind, result: boolean | undefined, probe: Probe): boolean {
    if (result === undefined) return false
    if (kind === 'Readiness') {
      this.#set({ ...this.#verdict, ready: result })
      return false
    }
    if (!result) {
      this.#set({ ...this.#verdict, ready: false, failed: { probe: kind, grace: probe.terminationGracePeriodSeconds } })
      return true
    }
    if (kind === 'Liveness') return false
    this.#set({ started: true, ready: !this.#probes.Readiness })
    this.#watchRunning()
    return true
  }

  #set(verdict: ProbeVerdict): void {
    const { started, ready, failed } = this.#verdict
    this.#verdict = verdict
    if (verdict.started !== started || verdict.ready !== ready || verdict.failed !== failed) this.#options.changed()
  }
}
