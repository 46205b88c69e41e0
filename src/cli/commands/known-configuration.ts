import { configMaps } from '../../api/core/v1/config-map.ts'
import { clientByKubeconfig } from '../../bootstrap/client.ts'
import { machineFacts } from '../../bootstrap/config/facts.ts'
import {
  configurationWithoutFile,
  type LoadedConfiguration,
  loadConfiguration,
  loadStoredCluster,
} from '../../bootstrap/config/load.ts'
import type { ClusterConfiguration, InitConfiguration } from '../../bootstrap/config/types.ts'
import { linuxHost } from '../../host/host.ts'
import type { Call } from '../command.ts'
import { readConfigFile, tellWarnings } from './config-file.ts'

/** What is known of the cluster that a machine belongs to. */
export interface KnownConfiguration {
  readonly init: InitConfiguration
  readonly cluster: ClusterConfiguration
  readonly from: 'file' | 'cluster' | 'defaults'
}

/** Certificates can be looked after while the cluster is down: it is not waited for. */
const patience = 3_000
const where = 'ConfigMap kube-system/kubeadm-config'

/** Of the file of --config; else as the cluster stores it; else the defaults, which is told on stderr. */
export async function knownConfiguration({ options }: Call): Promise<KnownConfiguration> {
  const how = { kind: 'init', facts: await machineFacts(linuxHost) } as const
  const both = ({ init, cluster }: LoadedConfiguration) => ({ init: init!, cluster: cluster! })
  if (options.config !== undefined) {
    const loaded = loadConfiguration(await readConfigFile('--config', options.config), String(options.config), how)
    tellWarnings(loaded)
    return { ...both(loaded), from: 'file' }
  }
  const defaults = both(configurationWithoutFile(how))
  try {
    const cluster = loadStoredCluster(await storedCluster(String(options.kubeconfig)), where, how.facts)
    return { ...defaults, cluster, from: 'cluster' }
  } catch (error) {
    process.stderr.write(`[config] The cluster cannot be asked (${(error as Error).message}); the defaults are used\n`)
    return { ...defaults, from: 'defaults' }
  }
}

async function storedCluster(kubeconfig: string): Promise<string> {
  const client = await clientByKubeconfig(linuxHost, kubeconfig)
  try {
    const key = { namespace: 'kube-system', name: 'kubeadm-config' }
    const { data } = await client.get(configMaps, key, AbortSignal.timeout(patience))
    if (data?.ClusterConfiguration === undefined) throw new Error(`${where} has no ClusterConfiguration`)
    return data.ClusterConfiguration
  } finally {
    await client.transport.close()
  }
}
