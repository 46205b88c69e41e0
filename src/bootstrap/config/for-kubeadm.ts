/** What kubeadm of some version finds in a cluster that it joins machines to, or takes from one. */
import { ConfigurationError } from './configuration-error.ts'
import { type ConfigVersion, currentVersion } from './fields.ts'

/** Where versions differ, the oldest first; `until` is the last minor of 1.x that was so. */
const history: readonly {
  readonly until: number
  readonly config: ConfigVersion
  readonly ownKubeletConfig: boolean
}[] = [
  { until: 21, config: 'v1beta2', ownKubeletConfig: true },
  { until: 23, config: 'v1beta3', ownKubeletConfig: true },
  { until: 30, config: 'v1beta3', ownKubeletConfig: false },
  { until: Number.POSITIVE_INFINITY, config: currentVersion, ownKubeletConfig: false },
]
/** The first that reads v1beta2. */
const oldest = 15

export interface ReadByKubeadm {
  /** The version of ClusterConfiguration to store. */
  readonly config: ConfigVersion
  /** Whether it looks for a ConfigMap of kubelets named after the cluster's minor version. */
  readonly ownKubeletConfig: boolean
}

/** What kubeadm of a version such as `1.20` or `v1.20.2` reads. Throws ConfigurationError. */
export function readByKubeadm(version: string): ReadByKubeadm {
  const minor = minorOf(version)
  if (minor === undefined || minor < oldest)
    throw new ConfigurationError([
      `--for-kubeadm: ${JSON.stringify(version)} is no version such as 1.${oldest} or later`,
    ])
  const { config, ownKubeletConfig } = history.find(({ until }) => minor <= until)!
  return { config, ownKubeletConfig }
}

export const kubeletConfigMap = 'kubelet-config'
/** The name that versions up to 1.23 give it, by the cluster's version. */
export const ownKubeletConfigMap = (clusterVersion: string) => `${kubeletConfigMap}-1.${minorOf(clusterVersion) ?? ''}`

/** The ConfigMaps in which a cluster may have the configuration of its kubelets, the likeliest first. */
export function kubeletConfigMaps(clusterVersion: string): readonly string[] {
  const minor = minorOf(clusterVersion)
  return minor !== undefined && minor <= 23
    ? [ownKubeletConfigMap(clusterVersion), kubeletConfigMap]
    : [kubeletConfigMap]
}

function minorOf(version: string): number | undefined {
  const minor = /^v?1\.(\d+)(\.|$)/.exec(version)?.[1]
  return minor === undefined ? undefined : Number(minor)
}
