import type { KubernetesObject } from '../../api/group-version.ts'
import { UnknownOutcomeError } from '../../storage/storage.ts'
import { type ApiRequest, hookOf, type Outcome, type Registry } from './api-request.ts'
import type { Draft } from './strategy.ts'

/** Writes an object with what its kind needs done around that: `write` says whether it was stored. */
export async function aroundWrite<T>(
  registry: Registry,
  request: ApiRequest,
  draft: Draft<KubernetesObject>,
  old: KubernetesObject | undefined,
  write: () => Promise<{ readonly stored: boolean; readonly result: T }>,
): Promise<T> {
  const hook = hookOf(registry, request)
  if (!hook) return (await write()).result
  const taken = await hook.before(draft, old)
  let outcome: Outcome = 'failed'
  try {
    const { stored, result } = await write()
    if (stored) outcome = 'stored'
    return result
  } catch (error) {
    if (error instanceof UnknownOutcomeError) outcome = 'unknown'
    throw error
  } finally {
    await taken?.over(outcome)
  }
}
