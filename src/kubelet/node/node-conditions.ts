import type { NodeCondition } from '../../api/core/v1/node-status.ts'
import { rfc3339 } from '../../base/clock.ts'
import { getCondition } from '../../machinery/conditions.ts'

export interface Pressures {
  readonly memory: boolean
  readonly disk: boolean
  readonly pids: boolean
}

type Bare = Pick<NodeCondition, 'type' | 'status' | 'reason' | 'message'>

/** The four conditions of a node. `problems`: why it is not ready. */
export function nodeConditions(
  before: readonly NodeCondition[] | undefined,
  now: number,
  state: { readonly pressures: Pressures; readonly problems: readonly string[] },
): readonly NodeCondition[] {
  const { pressures, problems } = state
  const wanted: readonly Bare[] = [
    pressure(
      'MemoryPressure',
      pressures.memory,
      ['KubeletHasInsufficientMemory', 'kubelet has insufficient memory available'],
      ['KubeletHasSufficientMemory', 'kubelet has sufficient memory available'],
    ),
    pressure(
      'DiskPressure',
      pressures.disk,
      ['KubeletHasDiskPressure', 'kubelet has disk pressure'],
      ['KubeletHasNoDiskPressure', 'kubelet has no disk pressure'],
    ),
    pressure(
      'PIDPressure',
      pressures.pids,
      ['KubeletHasInsufficientPID', 'kubelet has insufficient PID available'],
      ['KubeletHasSufficientPID', 'kubelet has sufficient PID available'],
    ),
    problems.length
      ? { type: 'Ready', status: 'False', reason: 'KubeletNotReady', message: joined(problems) }
      : { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' },
  ]
  const time = rfc3339(now)
  return wanted.map(condition => {
    const old = getCondition(before, condition.type)
    const moved = old?.status !== condition.status
    return {
      ...condition,
      lastHeartbeatTime: time,
      lastTransitionTime: moved ? time : (old?.lastTransitionTime ?? time),
    }
  })
}

type Words = readonly [reason: string, message: string]

function pressure(type: string, is: boolean, yes: Words, no: Words): Bare {
  const [reason, message] = is ? yes : no
  return { type, status: is ? 'True' : 'False', reason, message }
}

function joined(problems: readonly string[]): string {
  return problems.length === 1 ? problems[0]! : `[${problems.join(', ')}]`
}
