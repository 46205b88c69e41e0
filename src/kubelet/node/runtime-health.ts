/** Whether the container runtime can run pods, asked every few seconds. */
import { type Clock, delay } from '../../base/clock.ts'
import type { Cri } from '../cri/cri.ts'
import { CriError } from '../cri/cri-error.ts'

export interface RuntimeHealth {
  /** Why nothing can run; empty when all is well. */
  problems(): readonly string[]
  /** The same, of the runtime itself only; undefined when it is well. */
  runtimeProblem(): string | undefined
  /** Why pods cannot have a network. */
  networkProblem(): string | undefined
  /** Asks now. */
  check(): Promise<void>
  stop(): void
}

const every = 5_000
/** While something is wrong, its end is worth noticing soon: pods wait. */
const everyWhileBad = 500

export function watchRuntime(
  cri: Cri,
  options: { readonly clock: Clock; readonly changed: () => void },
): RuntimeHealth {
  const stop = new AbortController()
  let general: readonly string[] = []
  let network: string | undefined = 'container runtime status check may not have completed yet'
  let shown = ''

  async function check(): Promise<void> {
    try {
      const { status } = await cri.status({ timeout: 10_000 })
      const broken = (type: string) => status.conditions.find(c => c.type === type && !c.status)
      const runtime = broken('RuntimeReady')
      const net = broken('NetworkReady')
      general = runtime
        ? [`container runtime is not ready: ${runtime.type}=false reason:${runtime.reason} message:${runtime.message}`]
        : []
      network =
        net && `container runtime network not ready: NetworkReady=false reason:${net.reason} message:${net.message}`
    } catch (error) {
      general = [`container runtime is down: ${error instanceof CriError ? error.details : String(error)}`]
    }
    const now = JSON.stringify([general, network])
    if (now === shown) return
    shown = now
    options.changed()
  }

  async function run(): Promise<void> {
    while (!stop.signal.aborted) {
      await delay(general.length || network ? everyWhileBad : every, stop.signal, options.clock).catch(() => {})
      if (!stop.signal.aborted) await check()
    }
  }
  void run()
  return {
    problems: () => [...general, ...(network ? [network] : [])],
    runtimeProblem: () => general[0],
    networkProblem: () => network,
    check,
    stop: () => stop.abort(),
  }
}
