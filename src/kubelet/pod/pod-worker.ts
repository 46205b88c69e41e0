/**
 * One pod on this machine, from its first sight to its last trace. All its work is done one step after the other:
 *
 *   running --(deleted | evicted | deadline | refused | all ended)--> ending --(nothing runs)--> ended --(gone from API)--> removed
 */
import { Backoff } from '../../base/backoff.ts'
import { logger } from '../../base/log.ts'
import { isPodTerminal } from '../../machinery/pods.ts'
import { containerHash } from './container-config.ts'
import { type CrashBackoff, nextBackoff } from './crash-backoff.ts'
import type { PodDeps } from './deps.ts'
import { removePod, stopPod } from './end-pod.ts'
import { planPod } from './plan.ts'
import { Probers } from './probers.ts'
import { amountsOf, resizePod } from './resize.ts'
import { podCgroup } from './resources.ts'
import { doDeed, PodError, preparePod } from './run-pod.ts'
import { isAlive, noRuntime, type RuntimePod, readySandbox } from './runtime-pod.ts'
import { StartError } from './start-container.ts'
import { podStatus } from './status.ts'
import type { Pod, Waiting } from './types.ts'

type Stage = 'running' | 'ending' | 'ended' | 'removed'
export interface Verdict {
  readonly reason: string
  readonly message: string
}

const log = logger('kubelet')
/** A plan that never comes to rest is a mistake of ours. */
const mostRounds = 100

export class PodWorker {
  readonly #deps: PodDeps
  readonly #probers: Probers
  readonly #seenAt: number
  readonly #crashes = new Map<string, CrashBackoff>()
  readonly #failedStarts = new Map<string, Waiting>()
  readonly #retryAt = new Map<string, number>()
  readonly #backoff = new Backoff<string>({ first: 1_000, most: 60_000 })
  #planned: ReadonlyMap<string, Waiting> = new Map()
  /** What it runs by; a static pod's own, not its mirror. */
  #pod: Pod
  /** Whose status is written; undefined while there is none. */
  #apiPod: Pod | undefined
  #runtime: RuntimePod
  #volumes: ReadonlyMap<string, string> | undefined
  #stage: Stage = 'running'
  /** By whose amounts of cpu and memory its containers still run, when they were changed. */
  #resizedFrom: Pod | undefined
  #verdict: Verdict | undefined
  /** When the ending must be over. */
  #endAt = Number.POSITIVE_INFINITY
  #gone = false
  #admitted = false
  /** At first, too: what a kubelet before us made wants to be kept current. */
  #volumesStale = true
  #stop = new AbortController()
  #cancelWake: (() => void) | undefined
  #working: Promise<void> | undefined
  #again = false
  #closed = false

  constructor(deps: PodDeps, pod: Pod, apiPod: Pod | undefined) {
    this.#deps = deps
    this.#pod = pod
    this.#apiPod = apiPod
    this.#seenAt = deps.clock.now()
    this.#runtime = noRuntime(pod.metadata)
    this.#probers = new Probers(deps, { changed: () => this.poke(), ending: () => this.#stage !== 'running' })
    if (apiPod && isPodTerminal(apiPod)) {
      // Over before we came: nothing of it may start again.
      const { phase, reason = '', message = '' } = apiPod.status
      this.#stage = 'ending'
      this.#endAt = this.#seenAt
      if (phase === 'Failed' && reason) this.#verdict = { reason, message }
    }
    this.#noticeDeletion()
  }

  get pod(): Pod {
    return this.#pod
  }
  get runtime(): RuntimePod {
    return this.#runtime
  }
  /** Neither ended nor ending. */
  get isActive(): boolean {
    return this.#stage === 'running'
  }
  /** Uses what the node has. */
  get isAdmitted(): boolean {
    return this.#admitted && (this.#stage === 'running' || this.#stage === 'ending')
  }
  get isRemoved(): boolean {
    return this.#stage === 'removed'
  }
  get apiPod(): Pod | undefined {
    return this.#apiPod
  }

  /** The pod as it is now declared. */
  update(pod: Pod, apiPod: Pod | undefined): void {
    const before = this.#pod
    const matters = !this.#apiPod || !apiPod || differs(this.#apiPod, apiPod)
    const former = this.#apiPod?.metadata.uid
    if (former !== undefined && former !== apiPod?.metadata.uid) this.#deps.statuses.forget(former)
    this.#pod = pod
    this.#apiPod = apiPod
    // Most changes are our own status coming back.
    if (!matters) return
    this.#retryAt.clear()
    if (facts(before) !== facts(pod)) this.#volumesStale = true
    if (amountsOf(before) !== amountsOf(pod)) this.#resizedFrom ??= before
    this.#noticeDeletion()
    this.poke()
  }

  /** Ends the pod by the kubelet's own decision: its phase will be Failed with this reason. */
  fail(verdict: Verdict, grace = this.#pod.spec.terminationGracePeriodSeconds): void {
    this.#verdict ??= verdict
    this.#end(grace)
    this.poke()
  }

  /** Nobody asks for it any more: it was deleted without waiting for us, or its file is gone. */
  removed(): void {
    this.#gone = true
    const { deletionGracePeriodSeconds, deletionTimestamp } = this.#pod.metadata
    const given = deletionTimestamp ? deletionGracePeriodSeconds : undefined
    this.#end(given ?? this.#pod.spec.terminationGracePeriodSeconds)
    this.poke()
  }

  /** Something it depends on changed: look again. */
  poke(options: { readonly volumes?: boolean } = {}): void {
    if (options.volumes) {
      this.#volumesStale = true
      this.#retryAt.clear()
    }
    if (this.#closed) return
    this.#again = true
    this.#working ??= this.#work().finally(() => (this.#working = undefined))
  }

  /** Stops looking after it; what runs goes on running. */
  async close(): Promise<void> {
    this.#closed = true
    this.#stop.abort(new Error('the kubelet stops'))
    this.#cancelWake?.()
    this.#probers.stop()
    await this.#working
  }

  #noticeDeletion(): void {
    const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = this.#apiPod?.metadata ?? {}
    if (!deletionTimestamp || this.#apiPod !== this.#pod) return
    // deletionTimestamp is when the grace is over by the API server's clock; ours starts when we hear of it.
    this.#end(deletionGracePeriodSeconds)
  }

  #end(grace: number): void {
    const at = this.#deps.clock.now() + grace * 1000
    if (this.#stage === 'running') this.#stage = 'ending'
    else if (this.#stage !== 'ending' || at >= this.#endAt - 1000) return
    this.#endAt = at
    this.#stop.abort(new Error('the pod ends'))
    this.#stop = new AbortController()
  }

  async #work(): Promise<void> {
    while (this.#again && !this.#closed) {
      this.#again = false
      this.#cancelWake?.()
      this.#cancelWake = undefined
      try {
        await this.#step()
        this.#backoff.forget('')
      } catch (error) {
        if (this.#closed) return
        const aborted = this.#stop.signal.aborted || this.#again
        if (!(error instanceof PodError) && !aborted) {
          log.warn(
            { pod: this.#pod.metadata.name, error: String(error) },
            'cannot bring a pod to its state; trying again',
          )
        }
        this.#wakeIn(aborted ? 10 : this.#backoff.next(''))
      }
    }
  }

  async #step(): Promise<void> {
    await this.#look()
    if (this.#stage === 'running') await this.#run()
    if (this.#stage === 'ending') await this.#finish()
    if (this.#stage === 'ended' && !this.#gone) await this.#deps.confirmEnd(this.#pod, this.#apiPod)
    if (this.#stage === 'ended' && this.#gone) await this.#remove()
  }

  async #look(): Promise<void> {
    this.#runtime = await this.#deps.reader.pod(this.#pod.metadata)
    this.#probers.follow(this.#pod, this.#runtime, this.#apiPod)
    this.#report()
  }

  #report(): void {
    const apiPod = this.#apiPod
    // A terminal phase is the last word.
    if (this.#stage === 'removed' || (apiPod && isPodTerminal(apiPod))) return
    const status = podStatus({
      pod: { ...this.#pod, status: apiPod?.status ?? this.#pod.status },
      runtime: this.#runtime,
      now: this.#deps.clock.now(),
      seenAt: this.#seenAt,
      probe: container => this.#probers.verdict(container),
      waiting: new Map([...this.#failedStarts, ...this.#planned]),
      ending: this.#stage !== 'running',
      verdict: this.#verdict,
      hostIps: this.#deps.node.hostIps,
    })
    if (apiPod) this.#deps.statuses.write(apiPod, status)
    else this.#pod = { ...this.#pod, status }
  }

  async #run(): Promise<void> {
    if (!this.#admit() || this.#isOverdue()) return this.#report()
    const { signal } = this.#stop
    await this.#resize()
    for (let round = 0; round < mostRounds; round++) {
      const plan = this.#plan()
      if (plan.finished) {
        this.#end(this.#pod.spec.terminationGracePeriodSeconds)
        return
      }
      if (plan.deeds.length === 0) {
        this.#report()
        if (plan.wakeAt !== undefined) this.#wakeIn(plan.wakeAt - this.#deps.clock.now())
        return this.#refreshVolumes()
      }
      await this.#prepare()
      for (const deed of plan.deeds) {
        signal.throwIfAborted()
        await this.#do(deed, signal)
        if (plan.deeds.length > 1) await this.#look()
      }
      await this.#look()
    }
    throw new Error(`no rest after ${mostRounds} rounds`)
  }

  async #resize(): Promise<void> {
    const before = this.#resizedFrom
    if (!before) return
    if (readySandbox(this.#runtime)) await resizePod(this.#deps, this.#pod, before, this.#runtime)
    this.#resizedFrom = undefined
    await this.#look()
  }

  async #prepare(): Promise<void> {
    if (this.#volumes && !this.#volumesStale) return
    this.#volumes = await preparePod(this.#deps, this.#pod)
    this.#volumesStale = false
  }

  #plan() {
    const plan = planPod({
      pod: this.#pod,
      runtime: this.#runtime,
      now: this.#deps.clock.now(),
      probe: container => this.#probers.verdict(container),
      crashes: this.#crashes,
      retryAt: this.#retryAt,
      hashOf: containerHash,
    })
    for (const [name, { message }] of plan.waiting) {
      if (this.#planned.has(name)) continue
      const text = `Back-off restarting failed container ${name} in pod ${this.#podText()}`
      this.#deps.event(this.#pod, 'Warning', 'BackOff', text, name)
      log.debug({ message }, 'container backs off')
    }
    this.#planned = plan.waiting
    return plan
  }

  async #do(deed: Parameters<typeof doDeed>[1], signal: AbortSignal): Promise<void> {
    const started = () => {
      if (deed.do === 'start') this.#failedStarts.delete(deed.declared.container.name)
    }
    const input = { pod: this.#pod, runtime: this.#runtime, volumes: this.#volumes!, signal, started }
    if (deed.do !== 'start') return doDeed(this.#deps, deed, input)
    const { name } = deed.declared.container
    const now = this.#deps.clock.now()
    try {
      if (deed.again) this.#crashes.set(name, nextBackoff(this.#crashes.get(name), now))
      await doDeed(this.#deps, deed, input)
      this.#retryAt.delete(name)
      this.#backoff.forget(name)
    } catch (error) {
      if (!(error instanceof StartError)) throw error
      this.#failedStarts.set(name, { reason: error.reason, message: error.message })
      this.#retryAt.set(name, error.retryAt ?? now + Math.max(2_000, this.#backoff.next(name)))
    }
  }

  #podText(): string {
    const { name, namespace, uid } = this.#pod.metadata
    return `${name}_${namespace}(${uid})`
  }

  /** Whether the node takes the pod; asked once, and not of pods that run already. */
  #admit(): boolean {
    if (this.#admitted || this.#runtime.sandboxes.length > 0) {
      this.#admitted = true
      return true
    }
    const refusal = this.#deps.admit(this.#pod)
    if (!refusal) this.#admitted = true
    else {
      this.#deps.event(this.#pod, 'Warning', refusal.reason, refusal.message)
      this.#verdict = refusal
      this.#end(0)
    }
    return !refusal
  }

  #isOverdue(): boolean {
    const { activeDeadlineSeconds } = this.#pod.spec
    if (activeDeadlineSeconds === undefined) return false
    const startTime = this.#apiPod?.status.startTime
    const left =
      (startTime ? Date.parse(startTime) : this.#seenAt) + activeDeadlineSeconds * 1000 - this.#deps.clock.now()
    if (left > 0) {
      this.#wakeIn(left)
      return false
    }
    const message = 'Pod was active on the node longer than the specified deadline'
    this.#deps.event(this.#pod, 'Normal', 'DeadlineExceeded', message)
    this.#verdict = { reason: 'DeadlineExceeded', message }
    this.#end(this.#pod.spec.terminationGracePeriodSeconds)
    return true
  }

  async #refreshVolumes(): Promise<void> {
    const { volumes, tokenRefreshAt, clock } = this.#deps
    if (this.#volumesStale) {
      this.#volumesStale = false
      await volumes.refresh(this.#apiPod ? { ...this.#pod, status: this.#apiPod.status } : this.#pod).catch(error => {
        this.#volumesStale = true
        this.#deps.event(this.#pod, 'Warning', 'FailedMount', error.message)
        throw new PodError(error.message, error)
      })
    }
    const at = tokenRefreshAt(this.#pod.metadata.uid)
    if (at === undefined) return
    if (at <= clock.now()) this.poke({ volumes: true })
    else this.#wakeIn(at - clock.now())
  }

  async #finish(): Promise<void> {
    this.#planned = new Map()
    const { clock, volumes, cgroups, cgroupRoot } = this.#deps
    const grace = Math.max(0, Math.ceil((this.#endAt - clock.now()) / 1000))
    this.#report()
    const { signal } = this.#stop
    if (isAlive(this.#runtime)) {
      await stopPod(this.#deps, { pod: this.#pod, runtime: this.#runtime, grace, signal })
      await this.#look()
    }
    this.#probers.stop()
    await volumes.tearDown(this.#pod.metadata.uid)
    await cgroups.remove(podCgroup(this.#pod, cgroupRoot))
    this.#deps.forget(this.#pod.metadata.uid)
    this.#stage = 'ended'
    this.#report()
  }

  async #remove(): Promise<void> {
    await removePod(this.#deps, this.#runtime)
    this.#deps.statuses.forget(this.#apiPod?.metadata.uid ?? this.#pod.metadata.uid)
    this.#stage = 'removed'
    this.#deps.onRemoved(this.#pod.metadata.uid)
  }

  /** The soonest of all wishes counts. */
  #wakeIn(ms: number): void {
    const at = this.#deps.clock.now() + Math.max(0, ms)
    if (this.#cancelWake && this.#wakeAt <= at) return
    this.#cancelWake?.()
    this.#wakeAt = at
    this.#cancelWake = this.#deps.clock.after(Math.max(0, ms), () => {
      this.#cancelWake = undefined
      this.poke()
    })
  }
  #wakeAt = 0
}

/** What of a pod shows in its volumes. */
function facts({ metadata: { labels, annotations }, status }: Pod): string {
  return JSON.stringify([labels, annotations, status.podIPs])
}

/** Whether the API server's pod changed in anything that is not our own status. */
function differs(before: Pod, after: Pod): boolean {
  const essence = ({ metadata, spec, status }: Pod) => {
    const { generation, deletionTimestamp, deletionGracePeriodSeconds, labels, annotations } = metadata
    const gates = (spec.readinessGates ?? []).map(g => status.conditions?.find(c => c.type === g.conditionType)?.status)
    const containers = [...spec.containers, ...(spec.ephemeralContainers ?? [])].map(c => [
      c.name,
      c.image,
      c.resources,
    ])
    return JSON.stringify([
      generation,
      deletionTimestamp,
      deletionGracePeriodSeconds,
      labels,
      annotations,
      gates,
      containers,
    ])
  }
  return essence(before) !== essence(after)
}
