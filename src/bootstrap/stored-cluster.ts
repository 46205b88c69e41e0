/** ClusterConfiguration, as the cluster keeps it in ConfigMap kube-system/kubeadm-config. */
import { isDeepStrictEqual } from 'node:util'
import { configMaps } from '../api/core/v1/config-map.ts'
import type { Client } from '../client/client.ts'
import type { Host } from '../host/host.ts'
import { isNotFound } from '../machinery/status-error.ts'
import { ConfigurationError } from './config/configuration-error.ts'
import { exampleFacts, machineFacts } from './config/facts.ts'
import { type ConfigVersion, currentVersion } from './config/fields.ts'
import { loadStoredCluster, readConfiguration } from './config/load.ts'
import type { Argument, ClusterConfiguration } from './config/types.ts'
import { writeConfiguration } from './config/write.ts'

const key = { namespace: 'kube-system', name: 'kubeadm-config' } as const
const where = `ConfigMap ${key.namespace}/${key.name}`

/** Throws when there is none. */
export async function storedCluster(host: Host, client: Client): Promise<ClusterConfiguration> {
  const { data } = await client.get(configMaps, key)
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
  const text = textToStore(changed, versionOf(before.data?.ClusterConfiguration))
  if (before.data?.ClusterConfiguration !== text)
    await client.update(configMaps, { ...before, data: { ...before.data, ClusterConfiguration: text } })
  return changed
}

/** The version in which a cluster has its configuration: somebody chose it, so it stays. */
export async function storedVersion(client: Client): Promise<ConfigVersion> {
  try {
    return versionOf((await client.get(configMaps, key)).data?.ClusterConfiguration)
  } catch (error) {
    if (isNotFound(error)) return currentVersion
    throw error
  }
}

function versionOf(text: string | undefined): ConfigVersion {
  return (text !== undefined && readConfiguration(text, where).versions.cluster) || currentVersion
}

/** What to store. Throws ConfigurationError when the version cannot say all of it: it would be lost to later commands. */
export function textToStore(cluster: ClusterConfiguration, version: ConfigVersion): string {
  const text = writeConfiguration('cluster', cluster, version)
  if (version === currentVersion) return text
  const read = (of: string) => ordered(loadStoredCluster(of, where, exampleFacts)) as Record<string, unknown>
  const back = read(text)
  const whole = read(writeConfiguration('cluster', cluster))
  const lost = Object.entries(whole).flatMap(([name, value]) => (isDeepStrictEqual(value, back[name]) ? [] : [name]))
  if (lost.length > 0) {
    throw new ConfigurationError([
      `${version} has no way to say what the cluster has for ${lost.join(', ')}: leave that as it is by default, or store a newer version`,
    ])
  }
  return text
}

/** Of arguments, each given once, the order is of no account: maps come back sorted. */
function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered)
  if (typeof value !== 'object' || value === null) return value
  const pairs = Object.entries(value).map(([name, inner]) => [
    name,
    name === 'extraArgs' ? (inner as Argument[]).toSorted((a, b) => (a.name < b.name ? -1 : 1)) : ordered(inner),
  ])
  return Object.fromEntries(pairs)
}
