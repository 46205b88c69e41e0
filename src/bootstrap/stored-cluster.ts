/** ClusterConfiguration, as the cluster keeps it in ConfigMap kube-system/kubeadm-config. */
import { configMaps } from '../api/core/v1/config-map.ts'
import type { Client } from '../client/client.ts'
import type { Host } from '../host/host.ts'
import { machineFacts } from './config/facts.ts'
import { loadStoredCluster } from './config/load.ts'
import type { ClusterConfiguration } from './config/types.ts'
import { writeConfiguration } from './config/write.ts'

const key = { namespace: 'kube-system', name: 'kubeadm-config' } as const

/** Throws when there is none. */
export async function storedCluster(host: Host, client: Client): Promise<ClusterConfiguration> {
  const { data } = await client.get(configMaps, key)
  const where = `ConfigMap ${key.namespace}/${key.name}`
  const text = data?.ClusterConfiguration
  if (text === undefined) throw new Error(`${where} has no ClusterConfiguration`)
  return loadStoredCluster(text, where, await machineFacts(host))
}

/** Stores what `change` makes of it. Throws Conflict when somebody else changed it meanwhile. */
export async function changeStoredCluster(
  host: Host,
  client: Client,
  change: (cluster: ClusterConfiguration) => ClusterConfiguration,
): Promise<ClusterConfiguration> {
  const before = await client.get(configMaps, key)
  const changed = change(await storedCluster(host, client))
  const text = writeConfiguration('cluster', changed)
  if (before.data?.ClusterConfiguration !== text)
    await client.update(configMaps, { ...before, data: { ...before.data, ClusterConfiguration: text } })
  return changed
}
