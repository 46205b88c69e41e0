/**
 * Pods that wait for a node. They are ready to be tried (by priority, then age), under work, in back-off after a try, or
 * set aside until something in the cluster changes that the plugins which refused them wait for.
 */
import { Backoff } from '../base/backoff.ts'
import type { Clock } from '../base/clock.ts'
import { Heap } from '../base/heap.ts'
import type { ClusterChange, Plugin } from './framework.ts'
import type { PodInfo } from './pod-info.ts'

interface Waiting {
  info: PodInfo
  readonly since: number
  /** Milliseconds of the clock before which it is not tried again. */
  notBefore: number
  place: 'active' | 'trying' | 'backoff' | 'aside'
  /** It changed while it was under work. */
  renewed: boolean
  refusedBy: readonly Plugin[]
  asideAt: number
}

/** Set-aside pods are tried again after this long although nothing happened, milliseconds. */
const longestAside = 5 * 60_000
/** So few waiting pods are tried at each change that may help them; a crowd keeps to its back-off. */
const few = 32

export class SchedulingQueue {
  readonly #clock: Clock
  readonly #pods = new Map<string, Waiting>()
  readonly #active: Heap<Waiting>
  /** Those in back-off or set aside. */
  readonly #idle = new Set<Waiting>()
  readonly #backoff = new Backoff<string>({ first: 1_000, most: 10_000 })
  #wake: (() => void) | undefined
  #cancelTimer: (() => void) | undefined
  #timerAt = Number.POSITIVE_INFINITY
  #closed = false

  constructor(clock: Clock) {
    this.#clock = clock
    this.#active = new Heap<Waiting>((a, b) =>
      a.info.priority === b.info.priority ? a.since < b.since : a.info.priority > b.info.priority,
    )
  }

  get size(): number {
    return this.#pods.size
  }

  /** A new pod, or one whose spec changed. */
  add(info: PodInfo): void {
    const uid = info.pod.metadata.uid
    const known = this.#pods.get(uid)
    if (known) {
      known.info = info
      if (known.place === 'trying') known.renewed = true
      else if (known.place !== 'active') this.#activate(known)
      return
    }
    const now = this.#clock.now()
    const waiting: Waiting = {
      info,
      since: now,
      notBefore: 0,
      place: 'aside',
      renewed: false,
      refusedBy: [],
      asideAt: now,
    }
    this.#pods.set(uid, waiting)
    this.#activate(waiting)
  }

  /** The pod has its node, is gone, or must not be tried. */
  remove(uid: string): void {
    const waiting = this.#pods.get(uid)
    if (!waiting) return
    this.#pods.delete(uid)
    this.#idle.delete(waiting)
    this.#backoff.forget(uid)
  }

  /** The next pod to try; undefined when there is none now. */
  take(): PodInfo | undefined {
    for (let waiting = this.#active.pop(); waiting; waiting = this.#active.pop()) {
      const { uid } = waiting.info.pod.metadata
      if (this.#pods.get(uid) !== waiting || waiting.place !== 'active') continue
      waiting.place = 'trying'
      waiting.renewed = false
      return waiting.info
    }
    return undefined
  }

  /** Resolves when there may be a pod to take, or the queue was closed (false). */
  async ready(): Promise<boolean> {
    while (!this.#closed && this.#active.size === 0) {
      await new Promise<void>(resolve => (this.#wake = resolve))
    }
    return !this.#closed
  }

  /** The pod fits nowhere (`refusedBy`), or its binding failed (empty): it waits. */
  failed(uid: string, refusedBy: readonly Plugin[]): void {
    const waiting = this.#pods.get(uid)
    if (!waiting) return
    const now = this.#clock.now()
    waiting.notBefore = now + this.#backoff.next(uid)
    waiting.refusedBy = refusedBy
    waiting.asideAt = now
    if (waiting.renewed) this.#activate(waiting)
    else if (refusedBy.length === 0) this.#backOff(waiting)
    else {
      waiting.place = 'aside'
      this.#idle.add(waiting)
      this.#arm(now + longestAside)
    }
  }

  /** Something changed: pods that wait for such a thing are tried again, many of them after their back-off. */
  changed(change: ClusterChange): void {
    const now = this.#idle.size <= few
    for (const waiting of this.#idle) {
      if (!waiting.refusedBy.some(plugin => plugin.wakes.includes(change))) continue
      if (now) this.#activate(waiting)
      else this.#backOff(waiting)
    }
  }

  close(): void {
    this.#closed = true
    this.#cancelTimer?.()
    this.#wake?.()
  }

  #activate(waiting: Waiting): void {
    waiting.place = 'active'
    waiting.refusedBy = []
    this.#idle.delete(waiting)
    this.#active.push(waiting)
    this.#wake?.()
  }

  #backOff(waiting: Waiting): void {
    if (waiting.notBefore <= this.#clock.now()) {
      this.#activate(waiting)
      return
    }
    waiting.place = 'backoff'
    this.#idle.add(waiting)
    this.#arm(waiting.notBefore)
  }

  /** One timer for all: at the earliest time that somebody waits for. */
  #arm(at: number): void {
    if (at >= this.#timerAt || this.#closed) return
    this.#cancelTimer?.()
    this.#timerAt = at
    this.#cancelTimer = this.#clock.after(at - this.#clock.now(), () => this.#expire())
  }

  #expire(): void {
    this.#timerAt = Number.POSITIVE_INFINITY
    const now = this.#clock.now()
    let next = Number.POSITIVE_INFINITY
    for (const waiting of this.#idle) {
      const due = waiting.place === 'backoff' ? waiting.notBefore : waiting.asideAt + longestAside
      if (due > now) next = Math.min(next, due)
      else this.#activate(waiting)
    }
    if (Number.isFinite(next)) this.#arm(next)
  }
}
