import type { EventRecorder } from '../../reconcile/event-recorder.ts'
import type { PodDeps } from './deps.ts'
import { findContainer, type Pod } from './types.ts'

const fields = {
  init: 'initContainers',
  sidecar: 'initContainers',
  main: 'containers',
  ephemeral: 'ephemeralContainers',
} as const

/** Events about pods and their containers. Those of static pods are told of their mirrors, which is what people see. */
export function podEvents(
  recorder: EventRecorder | undefined,
  apiPod: (uid: string) => Pod | undefined,
): PodDeps['event'] {
  return (pod, type, reason, message, container) => {
    if (!recorder) return
    const { metadata } = apiPod(pod.metadata.uid) ?? pod
    const { name, namespace, uid, resourceVersion } = metadata
    const kind = container === undefined ? undefined : findContainer(pod, container)?.kind
    const fieldPath = kind && `spec.${fields[kind]}{${container}}`
    const about = {
      apiVersion: 'v1',
      kind: 'Pod',
      name,
      namespace,
      uid,
      resourceVersion,
      ...(fieldPath && { fieldPath }),
    }
    recorder.event(about, type, reason, message)
  }
}
