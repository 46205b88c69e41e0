/** The mounts of our mount namespace. */
export interface Mount {
  readonly id: number
  readonly parent: number
  /** The path in the file system that is mounted (`/` unless it is a bind mount or a cgroup namespace). */
  readonly root: string
  readonly target: string
  readonly options: readonly string[]
  /** `shared:N`, `master:N`, ... */
  readonly propagation: readonly string[]
  readonly type: string
  readonly source: string
  readonly superOptions: readonly string[]
}

export interface Mounts {
  list(): Promise<readonly Mount[]>
  isMountPoint(path: string): Promise<boolean>
  /** `size` in bytes. */
  tmpfs(target: string, options?: { readonly size?: number; readonly mode?: number }): Promise<void>
  bind(
    source: string,
    target: string,
    options?: { readonly readOnly?: boolean; readonly recursive?: boolean },
  ): Promise<void>
  /** Propagates what is mounted below `target` both ways, as Bidirectional volume mounts need. */
  makeShared(target: string): Promise<void>
  /** The mount and everything below it; fine if nothing is mounted there. */
  unmount(target: string): Promise<void>
}
