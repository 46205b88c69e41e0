import type { Host } from '../../host/host.ts'
import { ensurePki, loadAuthority } from '../../pki/ensure-pki.ts'
import { clientKubeconfig, ensureKubeconfigs } from '../../pki/kubeconfig.ts'
import { paths } from '../paths.ts'
import type { Up } from '../up.ts'

/** kubeadm's PKI without etcd's part: SQLite needs none. */
const which = ['ca', 'apiserver', 'apiserver-kubelet-client', 'front-proxy-ca', 'front-proxy-client', 'sa'] as const

/** Makes the certificates and kubeconfigs that are missing. */
export async function certificates({ host, settings }: Up): Promise<void> {
  const { nodeName, apiAddress, apiPort, serviceCidr, clusterDomain } = settings
  await ensurePki(
    paths.pki,
    {
      nodeName,
      advertiseAddress: apiAddress,
      serviceCIDR: serviceCidr,
      dnsDomain: clusterDomain,
      extraSANs: ['localhost', '127.0.0.1'],
    },
    { which },
  )
  const server = `https://${apiAddress.includes(':') ? `[${apiAddress}]` : apiAddress}:${apiPort}`
  const authority = await loadAuthority(paths.pki, 'ca')
  const ensured = await ensureKubeconfigs(paths.kubernetes, authority, {
    nodeName,
    controlPlaneServer: server,
    localServer: server,
  })
  if (!(await host.files.exists(paths.proxyConf))) {
    const proxy = await clientKubeconfig(authority, { commonName: 'system:kube-proxy' }, { server, now: Date.now() })
    await host.files.write(paths.proxyConf, proxy, { mode: 0o600 })
  }
  const elsewhere = ensured.filter(({ otherServer }) => otherServer).map(({ name }) => `${paths.kubernetes}/${name}`)
  if (elsewhere.length > 0) await pointTo(host, [...elsewhere, paths.proxyConf], server)
}

/** Kubeconfigs of before go to where the API is now: its port may change. */
async function pointTo({ files }: Pick<Host, 'files'>, kubeconfigs: readonly string[], server: string): Promise<void> {
  const { withServer } = await import('../endpoint/kubeconfig-server.ts')
  for (const file of kubeconfigs) {
    const changed = withServer(await files.read(file), file, server)
    if (changed !== undefined) await files.write(file, changed, { mode: 0o600 })
  }
}
