/** Names for parts of the pod's declaration, and for what the parts of the kubelet tell each other about a container. */
import type { Container } from '../../api/core/v1/container.ts'
import type { ContainerUser } from '../../api/core/v1/container-status.ts'
import type { EphemeralContainer } from '../../api/core/v1/ephemeral-container.ts'
import type { Pod } from '../../api/core/v1/pod.ts'

export type { Container, ContainerUser, EphemeralContainer, Pod }

/** How a container takes part in its pod. */
export type ContainerKind = 'init' | 'sidecar' | 'main' | 'ephemeral'

/** A container's declaration with the part it plays. */
export interface Declared {
  readonly kind: ContainerKind
  readonly container: Container
}

/** What probes have found about a running container. */
export interface ProbeVerdict {
  /** The startup probe passed, or there is none (and the postStart hook has ended). */
  readonly started: boolean
  readonly ready: boolean
  /** A liveness or startup probe gave the container up. */
  readonly failed?: { readonly probe: 'Liveness' | 'Startup'; readonly grace: number | undefined } | undefined
}

/** Why a container does not run, as its status tells. */
export interface Waiting {
  readonly reason: string
  readonly message?: string | undefined
}

export function isSidecar(container: Container): boolean {
  return container.restartPolicy === 'Always'
}

/** All containers of a pod, in the order they start. */
export function declared(pod: Pod): readonly Declared[] {
  return [
    ...(pod.spec.initContainers ?? []).map(
      container => ({ kind: isSidecar(container) ? 'sidecar' : 'init', container }) as const,
    ),
    ...pod.spec.containers.map(container => ({ kind: 'main', container }) as const),
    // An ephemeral container is declared like any other, less what it may not have.
    ...(pod.spec.ephemeralContainers ?? []).map(c => ({ kind: 'ephemeral', container: c as Container }) as const),
  ]
}

export function findContainer(pod: Pod, name: string): Declared | undefined {
  return declared(pod).find(d => d.container.name === name)
}

/** `name_namespace(uid)`, as messages about pods have it. */
export function podText(pod: Pick<Pod, 'metadata'>): string {
  return `${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})`
}
