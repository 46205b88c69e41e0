/** What the workers of all pods share. */
import type { Service } from '../../api/core/v1/service.ts'
import type { Clock } from '../../base/clock.ts'
import type { Client } from '../../client/client.ts'
import type { Cgroups } from '../../host/cgroups.ts'
import type { Host } from '../../host/host.ts'
import type { Cri } from '../cri/cri.ts'
import type { NodeFacts } from '../env/field-ref.ts'
import type { ImagePuller } from '../image/image-puller.ts'
import type { Objects } from '../objects.ts'
import type { PodPaths } from '../pod-paths.ts'
import type { Volumes } from '../volumes/volumes.ts'
import type { RuntimeReader } from './runtime-reader.ts'
import type { SecurityOptions } from './security.ts'
import type { StatusWriter } from './status-writer.ts'
import type { Pod } from './types.ts'

export interface PodDeps {
  readonly client: Client | undefined
  readonly host: Host
  readonly cri: Cri
  readonly clock: Clock
  readonly cgroups: Cgroups
  readonly cgroupRoot: string
  /** Processes a pod may have; -1: any number. */
  readonly podPidsLimit: number
  readonly paths: PodPaths
  readonly reader: RuntimeReader
  readonly images: ImagePuller
  readonly volumes: Volumes
  readonly objects: Objects
  readonly statuses: StatusWriter
  readonly security: SecurityOptions
  readonly node: NodeFacts & { readonly memoryCapacity: number }
  readonly dns: { readonly clusterDns: readonly string[]; readonly clusterDomain: string }
  /** The text of the machine's resolv.conf. */
  readonly resolvConf: () => string
  /** Services as last read; for pods of the API server, only after they were read once. */
  readonly services: (pod: Pod) => Promise<Iterable<Service>>
  /** Why this node does not take the pod; undefined when it does. */
  readonly admit: (pod: Pod) => { readonly reason: string; readonly message: string } | undefined
  /** Tells people; `container` names the one it is about. */
  readonly event: (pod: Pod, type: 'Normal' | 'Warning', reason: string, message: string, container?: string) => void
  /** Why pods cannot have a network yet; undefined when they can. */
  readonly networkProblem: () => string | undefined
  /** When the pod's tokens want to be replaced. */
  readonly tokenRefreshAt: (podUid: string) => number | undefined
  /** What is kept in memory for a pod that has ended: watches, tokens. */
  readonly forget: (podUid: string) => void
  /** The pod has ended and its status is written: the API may let it go, if it was waiting for that. */
  readonly confirmEnd: (pod: Pod, apiPod: Pod | undefined) => Promise<void>
  readonly onRemoved: (podUid: string) => void
}
