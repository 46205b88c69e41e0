/** Gives running containers other amounts of cpu and memory without starting them anew. */
import type { PodDeps } from './deps.ts'
import { killContainer } from './kill-container.ts'
import { containerResources, podCgroup, podLimits } from './resources.ts'
import { newest, type RuntimePod } from './runtime-pod.ts'
import { type Container, declared, type Pod } from './types.ts'

/** What containers are given, to see when it changes. */
export function amountsOf(pod: Pod): string {
  return JSON.stringify(declared(pod).map(d => [d.container.name, d.container.resources]))
}

/** Applies the amounts of `pod` to what runs by those of `before`. Containers that must be started anew are killed. */
export async function resizePod(deps: PodDeps, pod: Pod, before: Pod, runtime: RuntimePod): Promise<void> {
  const group = podCgroup(pod, deps.cgroupRoot)
  const limits = podLimits(pod, deps.podPidsLimit)
  // No part may ever have more than the whole: the whole gets all while its parts change.
  await deps.cgroups.update(group, { cpuQuota: -1, memoryLimit: -1 })
  for (const { container } of declared(pod)) {
    const old = declared(before).find(d => d.container.name === container.name)?.container
    const running = newest(runtime, container.name)
    const changed = old && running?.state === 'running' ? changedAmounts(old, container) : []
    if (!running || changed.length === 0) continue
    if (changed.some(name => policyOf(container, name) === 'RestartContainer')) {
      const why = `Container ${container.name} resize requires restart`
      const grace = pod.spec.terminationGracePeriodSeconds
      await killContainer(deps, { pod, runtime, container: running, grace, why })
    } else {
      const resources = containerResources(pod, container, deps.node.memoryCapacity)
      await deps.cri.updateContainerResources(running.id, { cpuQuota: -1, ...resources })
    }
  }
  await deps.cgroups.update(group, { cpuQuota: -1, memoryLimit: -1, ...limits })
}

function changedAmounts(before: Container, after: Container): readonly string[] {
  return ['cpu', 'memory'].filter(name => {
    const of = ({ resources: { requests, limits } }: Container) => `${requests?.[name]} ${limits?.[name]}`
    return of(before) !== of(after)
  })
}

function policyOf({ resizePolicy = [] }: Container, resource: string): string {
  return resizePolicy.find(p => p.resourceName === resource)?.restartPolicy ?? 'NotRequired'
}
