import type { Pod } from '../../api/core/v1/pod.ts'
import { type RuntimeClass, runtimeClasses } from '../../api/node/v1/runtime-class.ts'
import { compareQuantities } from '../../machinery/quantity.ts'
import type { Operation } from '../admission.ts'
import { deepEqual } from '../cache/json.ts'
import type { Lister } from '../lister.ts'
import type { Draft } from '../registry/strategy.ts'
import type { Plugin } from './plugin.ts'
import { refuse } from './refuse.ts'

/** Pods of a runtime class get its overhead, and go where it runs. */
export function runtimeClass(lister: Lister): Plugin {
  return {
    name: 'RuntimeClass',
    operations: ['CREATE'],
    resources: ['/pods'],
    mutate(operation) {
      const { spec } = operation.object as Draft<Pod>
      if (!spec.runtimeClassName) {
        if (Object.values(spec.overhead ?? {}).some(amount => compareQuantities(amount, '0') > 0))
          throw refuse(operation, 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead')
        return
      }
      return find(lister, operation, spec.runtimeClassName).then(found => apply(operation, found))
    },
  }
}

async function find(lister: Lister, operation: Operation, name: string): Promise<RuntimeClass> {
  await lister.ready([runtimeClasses])
  if (!lister.get(runtimeClasses, name)) await lister.fresh()
  const found = lister.get(runtimeClasses, name)
  if (!found) throw refuse(operation, `pod rejected: RuntimeClass ${JSON.stringify(name)} not found`)
  return found
}

function apply(operation: Operation, { overhead, scheduling }: RuntimeClass): void {
  const { spec } = operation.object as Draft<Pod>
  const fixed = overhead?.podFixed
  if (spec.overhead && !deepEqual(spec.overhead, fixed ?? {}))
    throw refuse(operation, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead")
  if (fixed) spec.overhead = { ...fixed } as NonNullable<typeof spec.overhead>
  for (const [key, value] of Object.entries(scheduling?.nodeSelector ?? {})) {
    const own = spec.nodeSelector?.[key]
    if (own !== undefined && own !== value)
      throw refuse(
        operation,
        `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${own}`,
      )
    spec.nodeSelector = { ...spec.nodeSelector, [key]: value } as NonNullable<typeof spec.nodeSelector>
  }
  const tolerations = (scheduling?.tolerations ?? []).filter(
    one => !spec.tolerations?.some(other => deepEqual(one, other)),
  )
  if (tolerations.length > 0)
    spec.tolerations = [...(spec.tolerations ?? []), ...tolerations] as typeof spec.tolerations
}
