/** Lifecycle hooks of containers. */
import type { LifecycleHandler } from '../../api/core/v1/lifecycle.ts'
import { type Clock, delay } from '../../base/clock.ts'
import { CriError } from '../cri/cri-error.ts'
import { look, type Target } from '../probes/probe-action.ts'

/** No hook may take longer, whatever grace there is. */
const longest = 10 * 60_000

/** Runs a hook to its end; throws with what went wrong. `timeout` in milliseconds. */
export async function runHook(
  hook: LifecycleHandler,
  options: { readonly target: Target; readonly timeout?: number; readonly clock: Clock; readonly signal?: AbortSignal },
): Promise<void> {
  const { target, clock, signal, timeout = longest } = options
  if (hook.sleep) return delay(Math.min(hook.sleep.seconds * 1000, timeout), signal, clock)
  if (hook.exec) return execHook(hook.exec.command ?? [], target, { timeout, signal })
  const { ok, output } = await look(hook, target, timeout)
  if (!ok) throw new Error(output)
}

async function execHook(
  command: readonly string[],
  { cri, containerId }: Target,
  { timeout, signal }: { readonly timeout: number; readonly signal: AbortSignal | undefined },
): Promise<void> {
  const limits = { commandTimeoutSeconds: Math.ceil(timeout / 1000), timeout: timeout + 10_000 }
  try {
    const { exitCode, stderr } = await cri.execSync(containerId, command, signal ? { ...limits, signal } : limits)
    if (exitCode === 0) return
    const said = Buffer.from(stderr).toString().slice(0, 1000)
    throw new Error(`command '${command.join(' ')}' exited with ${exitCode}: ${said}, message: "${said}"`)
  } catch (error) {
    if (error instanceof CriError) throw new Error(error.details, { cause: error })
    throw error
  }
}
