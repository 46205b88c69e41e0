/** The conditions the kubelet says about a pod; those of others are left alone. */
import type { ContainerStatus } from '../../api/core/v1/container-status.ts'
import type { PodCondition } from '../../api/core/v1/pod-status.ts'
import { getCondition } from '../../machinery/conditions.ts'
import type { Phase } from './phase.ts'
import { isSidecar, type Pod } from './types.ts'

interface ConditionInput {
  readonly pod: Pod
  readonly phase: Phase
  readonly init: readonly ContainerStatus[]
  readonly main: readonly ContainerStatus[]
  readonly sandboxReady: boolean
  /** RFC 3339, for what changed now. */
  readonly now: string
}

type Bare = Pick<PodCondition, 'type' | 'status' | 'reason' | 'message'>

/** In the order upstream lists them. */
export function podConditions(input: ConditionInput): readonly PodCondition[] {
  const { pod, now } = input
  const containersReady = containersReadyOf(input)
  const wanted: readonly Bare[] = [
    { type: 'PodReadyToStartContainers', status: input.sandboxReady ? 'True' : 'False' },
    initializedOf(input),
    readyOf(pod, containersReady),
    containersReady,
    { type: 'PodScheduled', status: 'True' },
  ]
  return wanted.map(condition => {
    const before = getCondition(pod.status.conditions, condition.type)
    const lastTransitionTime = before?.status === condition.status ? before.lastTransitionTime : now
    const { generation } = pod.metadata
    return {
      ...condition,
      lastProbeTime: before?.lastProbeTime,
      lastTransitionTime: lastTransitionTime ?? now,
      ...(generation !== undefined && { observedGeneration: generation }),
    }
  })
}

function initializedOf({ pod, phase, init }: ConditionInput): Bare {
  const type = 'Initialized'
  if (phase === 'Succeeded') return { type, status: 'True', reason: 'PodCompleted' }
  const declared = pod.spec.initContainers ?? []
  const left = init.filter(s => {
    const sidecar = declared.some(c => c.name === s.name && isSidecar(c))
    return sidecar ? !s.started && !s.state?.terminated && phase === 'Pending' : !s.ready
  })
  if (left.length === 0) return { type, status: 'True' }
  const message = `containers with incomplete status: [${left.map(s => s.name).join(' ')}]`
  return { type, status: 'False', reason: 'ContainersNotInitialized', message }
}

function containersReadyOf({ pod, phase, init, main }: ConditionInput): Bare {
  const type = 'ContainersReady'
  if (phase === 'Succeeded') return { type, status: 'False', reason: 'PodCompleted' }
  if (phase === 'Failed') return { type, status: 'False', reason: 'PodFailed' }
  const sidecars = init.filter(s => pod.spec.initContainers?.some(c => c.name === s.name && isSidecar(c)))
  const unready = [...sidecars, ...main].filter(s => !s.ready).map(s => s.name)
  if (unready.length === 0) return { type, status: 'True' }
  const message = `containers with unready status: [${unready.join(' ')}]`
  return { type, status: 'False', reason: 'ContainersNotReady', message }
}

function readyOf(pod: Pod, containersReady: Bare): Bare {
  if (containersReady.status !== 'True') return { ...containersReady, type: 'Ready' }
  const problems = (pod.spec.readinessGates ?? []).flatMap(({ conditionType }) => {
    const condition = getCondition(pod.status.conditions, conditionType)
    if (!condition) return [`corresponding condition of pod readiness gate "${conditionType}" does not exist.`]
    if (condition.status === 'True') return []
    return [`the status of pod readiness gate "${conditionType}" is not "True", but ${condition.status}`]
  })
  if (problems.length === 0) return { type: 'Ready', status: 'True' }
  return { type: 'Ready', status: 'False', reason: 'ReadinessGatesNotReady', message: problems.join(', ') }
}
