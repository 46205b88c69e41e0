import type { Pod } from '../../api/core/v1/pod.ts'
import { type PriorityClass, priorityClasses } from '../../api/scheduling/v1/priority-class.ts'
import type { Client } from '../../client/client.ts'
import { isAlreadyExists } from '../../machinery/status-error.ts'
import type { Operation } from '../admission.ts'
import type { Lister } from '../lister.ts'
import type { Draft } from '../registry/strategy.ts'
import type { Plugin } from './plugin.ts'
import { refuse } from './refuse.ts'

const system = [
  {
    name: 'system-node-critical',
    value: 2_000_001_000,
    description: 'Used for system critical pods that must not be moved from their current node.',
  },
  {
    name: 'system-cluster-critical',
    value: 2_000_000_000,
    description:
      'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
  },
]

/** Resolves the names of priority classes to numbers. */
export function priority(lister: Lister): Plugin {
  return {
    name: 'Priority',
    operations: ['CREATE', 'UPDATE'],
    resources: ['/pods', 'scheduling.k8s.io/priorityclasses'],
    mutate(operation) {
      if (operation.resource.plural !== 'pods' || operation.operation !== 'CREATE') return
      const loading = lister.ready([priorityClasses])
      if (loading) return loading.then(() => resolve(lister, operation))
      resolve(lister, operation)
    },
    async validate(operation) {
      if (operation.resource.plural !== 'priorityclasses') return
      await lister.ready([priorityClasses])
      const given = operation.object as Draft<PriorityClass>
      if (!given.globalDefault) return
      const other = lister.list(priorityClasses).find(one => one.globalDefault && one.metadata.name !== operation.name)
      if (!other) return
      const name = other.metadata.name
      throw refuse(operation, `PriorityClass ${name} is already marked as default. Only one default can exist`)
    },
  }
}

function resolve(lister: Lister, operation: Operation): void {
  const { spec } = operation.object as Draft<Pod>
  const found = spec.priorityClassName ? named(lister, spec.priorityClassName) : byDefault(lister)
  if (spec.priorityClassName && !found)
    throw refuse(operation, `no PriorityClass with name ${spec.priorityClassName} was found`)
  const { value = 0, preemptionPolicy = 'PreemptLowerPriority', name } = found ?? {}
  if (spec.priority !== undefined && spec.priority !== value) {
    const why = `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`
    throw refuse(operation, why)
  }
  if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== preemptionPolicy) {
    const why = `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${preemptionPolicy} from the given PriorityClass name`
    throw refuse(operation, why)
  }
  if (name !== undefined) spec.priorityClassName = name
  spec.priority = value
  spec.preemptionPolicy = preemptionPolicy
}

interface Resolved {
  readonly name: string
  readonly value: number
  readonly preemptionPolicy?: string
}

function resolved({ metadata, value = 0, preemptionPolicy }: PriorityClass): Resolved {
  return { name: metadata.name, value, ...(preemptionPolicy && { preemptionPolicy }) }
}

function named(lister: Lister, name: string): Resolved | undefined {
  const stored = lister.get(priorityClasses, name)
  // The system's classes hold from the first moment on, before they are written.
  return stored ? resolved(stored) : system.find(one => one.name === name)
}

/** The one of lowest value, if somebody managed to make two. */
function byDefault(lister: Lister): Resolved | undefined {
  const all = lister.list(priorityClasses).filter(one => one.globalDefault)
  const [lowest] = all.sort((a, b) => (a.value ?? 0) - (b.value ?? 0))
  return lowest && resolved(lowest)
}

/** Makes the two classes of the system be there. */
export async function ensurePriorityClasses(client: Client, lister: Lister): Promise<void> {
  await lister.ready([priorityClasses])
  const missing = system.filter(({ name }) => !lister.get(priorityClasses, name))
  await Promise.all(
    missing.map(({ name, ...rest }) =>
      client.create(priorityClasses, { metadata: { name }, ...rest }).catch(error => {
        if (!isAlreadyExists(error)) throw error
      }),
    ),
  )
}
