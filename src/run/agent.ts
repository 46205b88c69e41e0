/** The agent process of a cluster of one machine: the node's agent, and Service rules in the same process. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../base/clock.ts'
import { logger } from '../base/log.ts'
import { paths } from '../bootstrap/paths.ts'
import { dnsAddress, type Settings } from '../bootstrap/settings.ts'
import { createClient } from '../client/client.ts'
import { httpTransport } from '../client/http-transport.ts'
import { InformerSet } from '../client/informer.ts'
import { followKubeconfig } from '../client/kubeconfig.ts'
import { linuxHost } from '../host/host.ts'
import { completeKubeletConfiguration } from '../kubelet/configuration.ts'
import { setUpCni } from '../kubelet/runtime/cni.ts'
import { startNodeNetwork } from '../network/node-network.ts'
import { startProxy } from '../proxy/proxy.ts'
import { keepCertificates } from './certificate-renewal.ts'
import { startNodeAgent } from './node-agent.ts'
import { settled } from './settled.ts'
import { untilStopped } from './until-stopped.ts'

const log = logger('agent')

/** Without an overlay, pods have what the machine's own link has. */
const mtu = 1500

/** Runs until the process is told to stop; pods go on running. Resolves to the exit code. */
export async function runAgent(settingsFile: string): Promise<number> {
  const stop = untilStopped()
  const settings = JSON.parse(readFileSync(settingsFile, 'utf8')) as Settings
  const { nodeName, apiAddress, podCidr, clusterDomain } = settings
  const host = linuxHost
  const proxyConf = await followKubeconfig(paths.proxyConf)
  const proxyTransport = httpTransport(proxyConf.options)
  const informers = new InformerSet(createClient(proxyTransport))
  const proxy = startProxy({ host, informers, nodeName, podCidrs: [podCidr] })
  const attach = (podCidrs: readonly string[]) =>
    setUpCni(host, { podCidrs, mtu, confDir: paths.cniConf, dataDir: paths.cniData })
  const config = completeKubeletConfiguration({
    staticPodPath: paths.manifests,
    podLogsDir: paths.podLogs,
    clusterDNS: [dnsAddress(settings)],
    clusterDomain,
    authentication: { x509: { clientCAFile: join(paths.pki, 'ca.crt') } },
    // There may be a kubelet with one on the same machine.
    healthzPort: 0,
  })
  const certDir = join(paths.kubelet, 'pki')
  const node = await startNodeAgent({
    host,
    clock: systemClock,
    config,
    nodeName,
    nodeIp: apiAddress,
    rootDir: paths.kubelet,
    certDir,
    criSocket: paths.containerdSocket,
    kubeconfig: paths.kubeletConf,
    certificates: ({ client }) => keepCertificates({ host, clock: systemClock, client, config, nodeName, certDir }),
    more: ({ client }) => startNodeNetwork({ host, client, nodeName, podCidrs: [podCidr], attach }),
  })
  log.info({ node: nodeName }, 'running')
  settled()
  const signal = await stop
  log.info({ signal }, 'stopping')
  await Promise.all([node.stop(), proxy.stop()])
  await informers.stop()
  await proxyTransport.close()
  proxyConf.stop()
  return 0
}
