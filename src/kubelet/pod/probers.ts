/** The probers of one pod's running containers. */
import { Prober } from '../probes/prober.ts'
import type { PodDeps } from './deps.ts'
import { type RuntimeContainer, type RuntimePod, readySandbox } from './runtime-pod.ts'
import { declared, type Pod, type ProbeVerdict } from './types.ts'

export class Probers {
  readonly #deps: PodDeps
  readonly #hooks: { readonly changed: () => void; readonly ending: () => boolean }
  readonly #byContainer = new Map<string, Prober>()
  #pod: Pod | undefined
  #runtime: RuntimePod | undefined

  constructor(deps: PodDeps, hooks: { readonly changed: () => void; readonly ending: () => boolean }) {
    this.#deps = deps
    this.#hooks = hooks
  }

  /** Probes what runs, and stops probing what does not. */
  follow(pod: Pod, runtime: RuntimePod, apiPod: Pod | undefined): void {
    this.#pod = pod
    this.#runtime = runtime
    const running = new Map(runtime.containers.filter(c => c.state === 'running').map(c => [c.id, c]))
    for (const [id, prober] of this.#byContainer) {
      if (running.has(id)) continue
      prober.stop()
      this.#byContainer.delete(id)
    }
    const all = declared(pod)
    for (const runs of running.values()) {
      const found = all.find(d => d.container.name === runs.name)?.container
      if (!found || !(found.startupProbe || found.readinessProbe || found.livenessProbe)) continue
      if (!this.#byContainer.has(runs.id)) this.#byContainer.set(runs.id, this.#prober(runs, apiPod))
    }
  }

  verdict(container: RuntimeContainer): ProbeVerdict {
    const running = container.state === 'running'
    return this.#byContainer.get(container.id)?.verdict ?? { started: running, ready: running }
  }

  stop(): void {
    for (const prober of this.#byContainer.values()) prober.stop()
    this.#byContainer.clear()
  }

  #prober(runs: RuntimeContainer, apiPod: Pod | undefined): Prober {
    const { clock, cri, node, event } = this.#deps
    const { status } = apiPod ?? {}
    const known = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]
    const before = known.find(s => s.containerID === `containerd://${runs.id}`)
    return new Prober({
      clock,
      startedAt: runs.startedAt,
      before: before && { started: before.started ?? false, ready: before.ready },
      target: () => {
        const container = declared(this.#pod!).find(d => d.container.name === runs.name)!.container
        const ip = readySandbox(this.#runtime!)?.ips[0] ?? node.hostIps[0] ?? ''
        return { cri, container, containerId: runs.id, ip }
      },
      changed: this.#hooks.changed,
      ending: this.#hooks.ending,
      unhealthy: (kind, output) =>
        event(this.#pod!, 'Warning', 'Unhealthy', `${kind} probe failed: ${output}`, runs.name),
    })
  }
}
