/**
 * The heart of the kubelet, without side effects: given what a pod should be, what the runtime has of it and what
 * probes found, what is to be done now. The driver does the deeds, looks again and asks again, until there are none.
 *
 *   no sandbox --create-sandbox--> init containers, one after the other --> main containers --> (all ended) finished
 *                                  (a sidecar lets the next one go when it has started, and goes on running)
 */
import { type CrashBackoff, restartAt } from './crash-backoff.ts'
import { restartsAfter } from './restart.ts'
import { newest, type RuntimeContainer, type RuntimePod, type RuntimeSandbox } from './runtime-pod.ts'
import { type Declared, declared, type Pod, type ProbeVerdict, podText, type Waiting } from './types.ts'

export type Deed =
  | { readonly do: 'create-sandbox'; readonly attempt: number }
  | { readonly do: 'stop-sandbox'; readonly id: string }
  | {
      readonly do: 'kill'
      readonly container: RuntimeContainer
      readonly why: string
      readonly grace: number | undefined
    }
  | { readonly do: 'start'; readonly declared: Declared; readonly attempt: number; readonly again: boolean }

export interface PlanInput {
  readonly pod: Pod
  readonly runtime: RuntimePod
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly probe: (container: RuntimeContainer) => ProbeVerdict
  readonly crashes: ReadonlyMap<string, CrashBackoff>
  /** Containers whose last start failed: when to try again. */
  readonly retryAt: ReadonlyMap<string, number>
  /** A container's declaration, as the hash annotation has it; empty never differs. */
  readonly hashOf: (declared: Declared) => string
}

export interface Plan {
  readonly deeds: readonly Deed[]
  /** Why containers that should run do not start now. */
  readonly waiting: ReadonlyMap<string, Waiting>
  /** When to plan again though nothing happens. */
  readonly wakeAt: number | undefined
  /** Everything has ended and nothing will start again: stop what is left (sidecars, the sandbox). */
  readonly finished: boolean
}

/** What is to be done for a pod that shall run. */
export function planPod(input: PlanInput): Plan {
  const planner = new Planner(input)
  planner.plan()
  return planner
}

class Planner implements Plan {
  readonly deeds: Deed[] = []
  readonly waiting = new Map<string, Waiting>()
  wakeAt: number | undefined
  finished = false
  readonly #input: PlanInput

  constructor(input: PlanInput) {
    this.#input = input
  }

  plan(): void {
    const { pod, runtime } = this.#input
    const all = declared(pod)
    const main = all.filter(d => d.kind === 'main')
    if (main.every(d => this.#isOver(d)) || this.#initFailed(all)) {
      this.finished = true
      return
    }
    const sandbox = usableSandbox(pod, runtime)
    if (!sandbox) {
      for (const old of runtime.sandboxes.filter(s => s.ready)) this.deeds.push({ do: 'stop-sandbox', id: old.id })
      const attempt = runtime.sandboxes.length ? Math.max(...runtime.sandboxes.map(s => s.attempt)) + 1 : 0
      this.deeds.push({ do: 'create-sandbox', attempt })
      return
    }
    const ephemeral = all.filter(d => d.kind === 'ephemeral')
    for (const each of ephemeral) if (!newest(runtime, each.container.name)) this.#start(each)
    if (!this.#planInit(all, sandbox)) return
    for (const each of main) this.#planMain(each, sandbox)
  }

  /** It ran, and will not run again. */
  #isOver({ kind, container }: Declared): boolean {
    const last = newest(this.#input.runtime, container.name)
    return last?.state === 'exited' && !restartsAfter(this.#input.pod, kind, container, last.exitCode)
  }

  /** An init container failed for good: the pod has failed before its main containers could run. */
  #initFailed(all: readonly Declared[]): boolean {
    return all.some(
      d => d.kind === 'init' && this.#isOver(d) && newest(this.#input.runtime, d.container.name)!.exitCode !== 0,
    )
  }

  /** Whether main containers may run. */
  #planInit(all: readonly Declared[], sandbox: RuntimeSandbox): boolean {
    const { runtime } = this.#input
    const mainNames = all.filter(d => d.kind === 'main').map(d => d.container.name)
    const initialized = runtime.containers.some(c => c.sandboxId === sandbox.id && mainNames.includes(c.name))
    for (const each of all.filter(d => d.kind === 'init' || d.kind === 'sidecar')) {
      const last = newest(runtime, each.container.name)
      const here = last?.sandboxId === sandbox.id ? last : undefined
      if (each.kind === 'init') {
        if (initialized || (here?.state === 'exited' && here.exitCode === 0)) continue
        if (here?.state !== 'running') this.#start(each)
        return false
      }
      if (here?.state !== 'running') {
        this.#start(each)
        if (!initialized) return false
      } else if (this.#restartsUnwell(each, here)) {
        if (!initialized) return false
      } else if (!initialized && !this.#input.probe(here).started) return false
    }
    return true
  }

  #planMain(each: Declared, sandbox: RuntimeSandbox): void {
    const last = newest(this.#input.runtime, each.container.name)
    if (last?.state === 'running' && last.sandboxId === sandbox.id) this.#restartsUnwell(each, last)
    else if (!this.#isOver(each)) this.#start(each)
  }

  /** Kills a running container that changed or that probes gave up; the next plan starts it again if it may. */
  #restartsUnwell(each: Declared, running: RuntimeContainer): boolean {
    const { name } = each.container
    const hash = this.#input.hashOf(each)
    const kill = (why: string, grace?: number) => {
      this.deeds.push({ do: 'kill', container: running, why, grace })
      return true
    }
    if (hash && running.hash && hash !== running.hash) {
      return kill(`Container ${name} definition changed, will be restarted`)
    }
    const { failed } = this.#input.probe(running)
    if (!failed) return false
    const again = restartsAfter(this.#input.pod, each.kind, each.container, 137) ? ', will be restarted' : ''
    return kill(`Container ${name} failed ${failed.probe.toLowerCase()} probe${again}`, failed.grace)
  }

  #start(each: Declared): void {
    const { runtime, now, crashes, retryAt, pod } = this.#input
    const { name } = each.container
    const last = newest(runtime, name)
    const later = retryAt.get(name)
    if (later !== undefined && later > now) {
      this.#wake(later)
      return
    }
    const crash = crashes.get(name)
    const at = last?.state === 'exited' ? restartAt(crash, last.finishedAt, now) : undefined
    if (at !== undefined) {
      const message = `back-off ${backoffText(crash!.delay)} restarting failed container=${name} pod=${podText(pod)}`
      this.waiting.set(name, { reason: 'CrashLoopBackOff', message })
      this.#wake(at)
      return
    }
    const again = last?.state === 'exited'
    this.deeds.push({ do: 'start', declared: each, attempt: last ? last.attempt + 1 : 0, again })
  }

  #wake(at: number): void {
    this.wakeAt = Math.min(this.wakeAt ?? at, at)
  }
}

/** The newest sandbox, when it is up and still what the pod asks for. */
function usableSandbox(pod: Pod, runtime: RuntimePod): RuntimeSandbox | undefined {
  const [sandbox, ...older] = runtime.sandboxes
  if (!sandbox?.ready || older.some(s => s.ready)) return undefined
  if (sandbox.hostNetwork !== (pod.spec.hostNetwork ?? false)) return undefined
  return sandbox.hostNetwork || sandbox.ips.length > 0 ? sandbox : undefined
}

/** `10s`, `1m20s`, `5m0s` */
function backoffText(ms: number): string {
  const seconds = Math.round(ms / 1000)
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`
}
