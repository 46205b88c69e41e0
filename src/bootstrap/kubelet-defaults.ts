/** The configuration of the kubelets of a cluster, as far as nobody says otherwise. */
import type { Host } from '../host/host.ts'
import { defaultKubeletConfiguration } from '../kubelet/configuration.ts'
import type { ClusterConfiguration } from './config/types.ts'
import { dnsAddressOf } from './phases/addons.ts'
import { clientCaFile } from './phases/kubelet-start.ts'

/** KubeletConfiguration for the machines of a cluster, as this program has it. */
export async function kubeletDefaults(host: Host, cluster: ClusterConfiguration): Promise<object> {
  return defaultKubeletConfiguration({
    clusterDns: [dnsAddressOf(cluster)],
    clusterDomain: cluster.networking.dnsDomain,
    clientCaFile: clientCaFile(cluster),
    ...((await host.systemd.running()) && (await resolved(host))),
  })
}

/** The file of systemd-resolved that names real resolvers; /etc/resolv.conf names itself there. */
async function resolved({ files }: Host): Promise<{ readonly resolvConf?: string }> {
  const resolvConf = '/run/systemd/resolve/resolv.conf'
  return (await files.exists(resolvConf)) ? { resolvConf } : {}
}
