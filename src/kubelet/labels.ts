/** Under which names the kubelet finds its own sandboxes and containers again; upstream's, so that tools know them. */
import type { Pod } from '../api/core/v1/pod.ts'
import type { Labels } from './cri/types.ts'

export const podNameLabel = 'io.kubernetes.pod.name'
export const podNamespaceLabel = 'io.kubernetes.pod.namespace'
export const podUidLabel = 'io.kubernetes.pod.uid'
export const containerNameLabel = 'io.kubernetes.container.name'

export const restartCountAnnotation = 'io.kubernetes.container.restartCount'
export const hashAnnotation = 'io.kubernetes.container.hash'
export const messagePathAnnotation = 'io.kubernetes.container.terminationMessagePath'
export const messagePolicyAnnotation = 'io.kubernetes.container.terminationMessagePolicy'
export const podGraceAnnotation = 'io.kubernetes.pod.terminationGracePeriod'

export const configSourceAnnotation = 'kubernetes.io/config.source'
export const configHashAnnotation = 'kubernetes.io/config.hash'
export const configSeenAnnotation = 'kubernetes.io/config.seen'
export const configMirrorAnnotation = 'kubernetes.io/config.mirror'

/** The three labels by which a pod's things are found. */
export function podLabels(pod: Pod): Labels {
  const { name, namespace, uid } = pod.metadata
  return { [podNameLabel]: name, [podNamespaceLabel]: namespace, [podUidLabel]: uid }
}
