/** What a snapshot holds. The names of fields are etcdctl's. */
export interface SnapshotStatus {
  readonly kind: 'etcd' | 'sqlite'
  /** Of keys and values, eight hexadecimal digits: equal content, equal hash. */
  readonly hash: string
  readonly revision: number
  /** Everything counted, older revisions too. */
  readonly totalKey: number
  /** Bytes. */
  readonly totalSize: number
}
