/** The agent process of a node: kubelet, Service rules, pod network. */
import { X509Certificate } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { logger } from '../base/log.ts'
import { paths } from '../bootstrap/paths.ts'
import { dnsAddress, type Settings } from '../bootstrap/settings.ts'
import { createClient } from '../client/client.ts'
import { httpTransport } from '../client/http-transport.ts'
import { InformerSet } from '../client/informer.ts'
import { loadKubeconfig } from '../client/kubeconfig.ts'
import { linuxHost } from '../host/host.ts'
import { criClient } from '../kubelet/cri/cri.ts'
import { startKubelet } from '../kubelet/kubelet.ts'
import { setUpCni } from '../kubelet/runtime/cni.ts'
import { startNodeNetwork } from '../network/node-network.ts'
import { startProxy } from '../proxy/proxy.ts'
import { keepCompiled } from './keep-compiled.ts'
import { untilStopped } from './until-stopped.ts'

const log = logger('agent')

/** Without an overlay, pods have what the machine's own link has. */
const mtu = 1500

/** Runs until the process is told to stop; pods go on running. Resolves to the exit code. */
export async function runAgent(settingsFile: string): Promise<number> {
  const stop = untilStopped()
  const settings = JSON.parse(readFileSync(settingsFile, 'utf8')) as Settings
  const { nodeName, apiAddress, podCidr, clusterDomain } = settings
  const transport = httpTransport(await loadKubeconfig(paths.kubeletConf))
  const client = createClient(transport)
  const proxyTransport = httpTransport(await loadKubeconfig(paths.proxyConf))
  const informers = new InformerSet(createClient(proxyTransport))
  const cri = criClient({ socket: paths.containerdSocket })
  const host = linuxHost
  const network = startNodeNetwork({
    host,
    client,
    nodeName,
    podCidrs: [podCidr],
    attach: podCidrs => setUpCni(host, { podCidrs, mtu, confDir: paths.cniConf, dataDir: paths.cniData }),
  })
  const proxy = startProxy({ host, informers, nodeName, podCidrs: [podCidr] })
  const kubelet = await startKubelet({
    client,
    host,
    cri,
    nodeName,
    nodeAddress: apiAddress,
    clusterDns: [dnsAddress(settings)],
    clusterDomain,
    rootDir: paths.kubelet,
    podLogsDir: paths.podLogs,
    manifestsDir: paths.manifests,
    tls: await servingCertificate(settings),
    apiClientCa: readFileSync(join(paths.pki, 'ca.crt'), 'utf8'),
  })
  log.info({ node: nodeName }, 'running')
  keepCompiled()
  const signal = await stop
  log.info({ signal }, 'stopping')
  await Promise.all([kubelet.stop(), proxy.stop(), network.stop()])
  await informers.stop()
  await Promise.all([transport.close(), proxyTransport.close()])
  cri.close()
  return 0
}

/** The certificate of the kubelet's own server, signed by the cluster's authority; made anew when its end is near. */
async function servingCertificate({ nodeName, apiAddress }: Settings): Promise<{ cert: string; key: string }> {
  const folder = join(paths.kubelet, 'pki')
  const files = { cert: join(folder, 'kubelet.crt'), key: join(folder, 'kubelet.key') }
  const month = 30 * 24 * 3_600_000
  const read = () => ({ cert: readFileSync(files.cert, 'utf8'), key: readFileSync(files.key, 'utf8') })
  if (existsSync(files.cert) && existsSync(files.key)) {
    const { validTo, subjectAltName = '' } = new X509Certificate(readFileSync(files.cert))
    if (Date.parse(validTo) > Date.now() + month && subjectAltName.includes(apiAddress)) return read()
  }
  const [{ loadAuthority }, { issue }, { generateKey, privateKeyPem }, { alternativeNames }] = await Promise.all([
    import('../pki/ensure-pki.ts'),
    import('../pki/issue.ts'),
    import('../pki/keys.ts'),
    import('../pki/names.ts'),
  ])
  const { privateKey, publicKey } = await generateKey()
  const now = Date.now()
  const cert = issue(
    {
      subject: { commonName: `system:node:${nodeName}`, organizations: ['system:nodes'] },
      publicKey,
      usages: ['digital signature', 'key encipherment', 'server auth'],
      names: alternativeNames([nodeName, apiAddress]),
      notBefore: now - 300_000,
      notAfter: now + 365 * 24 * 3_600_000,
    },
    await loadAuthority(paths.pki, 'ca'),
  )
  const key = privateKeyPem(privateKey)
  await linuxHost.files.write(files.key, key, { mode: 0o600 })
  await linuxHost.files.write(files.cert, cert)
  return { cert, key }
}
