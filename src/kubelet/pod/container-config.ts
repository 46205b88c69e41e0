import { shortHash } from '../../machinery/hash.ts'
import type { ContainerConfig, Mount } from '../cri/types.ts'
import { expand } from '../env/expand.ts'
import {
  containerNameLabel,
  hashAnnotation,
  messagePathAnnotation,
  messagePolicyAnnotation,
  podGraceAnnotation,
  podLabels,
  restartCountAnnotation,
} from '../labels.ts'
import { containerResources } from './resources.ts'
import { containerSecurity, type ImageUser, type SecurityOptions } from './security.ts'
import type { Container, Declared, Pod } from './types.ts'

export interface ContainerOptions extends SecurityOptions {
  readonly attempt: number
  /** What the image service calls the image. */
  readonly imageRef: string
  readonly imageUser: ImageUser
  readonly env: ReadonlyMap<string, string>
  readonly mounts: readonly Mount[]
  readonly memoryCapacity: number
  /** The container whose processes an ephemeral container sees. */
  readonly targetId?: string | undefined
}

/** What a running container is recognized by when its declaration changes: upstream restarts it when its image does. */
export function containerHash({ container }: Declared): string {
  return shortHash({ name: container.name, image: container.image })
}

/** `<container>/<attempt>.log`, below the pod's log folder. */
export function logPath(container: string, attempt: number): string {
  return `${container}/${attempt}.log`
}

/** What the runtime is asked to make of a declared container. */
export function containerConfig(pod: Pod, declared: Declared, options: ContainerOptions): ContainerConfig {
  const { container } = declared
  const lookup = (name: string) => options.env.get(name)
  const words = (list: readonly string[] | undefined) => (list ?? []).map(word => expand(word, lookup))
  return {
    metadata: { name: container.name, attempt: options.attempt },
    image: { image: options.imageRef, userSpecifiedImage: container.image ?? '' },
    command: words(container.command),
    args: words(container.args),
    workingDir: container.workingDir ?? '',
    envs: [...options.env].map(([key, value]) => ({ key, value })),
    mounts: options.mounts,
    labels: { ...podLabels(pod), [containerNameLabel]: container.name },
    annotations: annotationsOf(pod, declared, options.attempt),
    logPath: logPath(container.name, options.attempt),
    stdin: container.stdin ?? false,
    stdinOnce: container.stdinOnce ?? false,
    tty: container.tty ?? false,
    ...(container.lifecycle?.stopSignal && { stopSignal: container.lifecycle.stopSignal }),
    linux: {
      resources: containerResources(pod, container, options.memoryCapacity),
      securityContext: containerSecurity(pod, container, options),
    },
  }
}

function annotationsOf(pod: Pod, declared: Declared, attempt: number): Readonly<Record<string, string>> {
  const { container } = declared
  return {
    [restartCountAnnotation]: String(attempt),
    [hashAnnotation]: containerHash(declared),
    [messagePathAnnotation]: messagePath(container),
    [messagePolicyAnnotation]: container.terminationMessagePolicy,
    [podGraceAnnotation]: String(pod.spec.terminationGracePeriodSeconds),
  }
}

export function messagePath(container: Container): string {
  return container.terminationMessagePath
}
