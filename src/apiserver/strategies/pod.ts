import type { Pod } from '../../api/core/v1/pod.ts'
import { fieldInvalid } from '../../machinery/field-error.ts'
import { qosClass } from '../../machinery/pod-qos.ts'
import { isPodTerminal } from '../../machinery/pods.ts'
import type { Strategy } from '../registry/strategy.ts'
import { validatePodSpec } from '../validation/pod-spec.ts'
import { validateEphemeralUpdate, validatePodUpdate } from '../validation/pod-update.ts'

/** Pods begin pending, and hardly change once they are there. */
export const podStrategy: Strategy<Pod> = {
  prepareCreate(pod) {
    const gated = (pod.spec.schedulingGates?.length ?? 0) > 0
    pod.status = {
      phase: 'Pending',
      qosClass: qosClass(pod.spec),
      ...(gated && { conditions: [waiting] }),
    } as typeof pod.status
  },
  prepareUpdate(pod, old, { subresource }) {
    // The class is told once; a resize may not change it.
    if (subresource === 'status') pod.status.qosClass ??= old.status.qosClass
  },
  validate: pod => validatePodSpec(pod.spec, 'spec'),
  validateUpdate(pod, old, { subresource }) {
    if (subresource === '') return validatePodUpdate(pod.spec, old.spec)
    if (subresource === 'ephemeralcontainers') return validateEphemeralUpdate(pod.spec, old.spec)
    if (subresource !== 'resize' || qosClass(pod.spec) === qosClass(old.spec)) return []
    return [fieldInvalid('spec', qosClass(pod.spec), 'Pod QOS Class may not change as a result of resizing')]
  },
  gracePeriod(pod, asked) {
    // What never came to a node, or has ended, has nothing to wind down.
    if (!pod.spec.nodeName || isPodTerminal(pod)) return 0
    return asked ?? pod.spec.terminationGracePeriodSeconds
  },
}

const waiting = {
  type: 'PodScheduled',
  status: 'False',
  reason: 'SchedulingGated',
  message: 'Scheduling is blocked due to non-empty scheduling gates',
}
