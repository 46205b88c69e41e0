/** Where a cluster keeps its state, when that is no etcd: the API server's own arguments say so, so all machines know. */
import { paths } from '../paths.ts'
import type { Argument, ClusterConfiguration } from './types.ts'

const backend: Argument = { name: 'storage-backend', value: 'sqlite' }

/** Whether the API server keeps everything in a SQLite file, on the one machine of the control plane. */
export function usesSqlite({
  apiServer,
}: {
  readonly apiServer?: { readonly extraArgs?: unknown } | undefined
}): boolean {
  const given = (apiServer?.extraArgs ?? []) as readonly Partial<Argument>[]
  return Array.isArray(given) && given.some(({ name, value }) => name === backend.name && value === backend.value)
}

/** The same cluster over SQLite, without an etcd. */
export function overSqlite(cluster: ClusterConfiguration): ClusterConfiguration {
  const { apiServer } = cluster
  const file: Argument = { name: 'sqlite-file', value: paths.database }
  const others = (apiServer.extraArgs ?? []).filter(({ name }) => name !== backend.name && name !== file.name)
  return { ...cluster, etcd: {}, apiServer: { ...apiServer, extraArgs: [...others, file, backend] } }
}
