/** One stream of container changes, whatever the runtime offers: its CRI events, containerd's own, or polling. */

export type ContainerEventType = 'created' | 'started' | 'stopped' | 'deleted' | 'oom'

export interface ContainerEvent {
  /** A container's or a sandbox's id. */
  readonly containerId: string
  readonly type: ContainerEventType
}
