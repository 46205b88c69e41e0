/** The kubelet gets its own certificate, with a token or other first credentials. */
import { delay } from '../../base/clock.ts'
import { parseDuration } from '../../base/duration.ts'
import { kubeconfigText } from '../../pki/kubeconfig.ts'
import type { Join } from '../join.ts'
import { paths } from '../paths.ts'
import { kubeletHealth, logTail } from '../services.ts'
import type { Phase } from './phase.ts'

/** Writes the kubelet's first credentials and the authority it trusts; nothing once it has its own. */
export async function writeBootstrapKubeconfig(context: Join): Promise<void> {
  const { host, join, dryRun } = context
  const { server, ca, credentials } = await context.discovered()
  const { certificatesDir, clusterName } = await context.cluster()
  const file = context.endpoint ? `${certificatesDir}/ca.crt` : join.caCertPath
  if ((await host.files.readIfThere(file)) !== ca) await host.files.write(file, ca, { mode: 0o644 })
  if (!dryRun && (await host.files.exists(paths.kubeletConf))) return
  const text = (value: typeof credentials.token) => (typeof value === 'function' ? value() : value)
  const [token, certificate, key] = [text(credentials.token), text(credentials.cert), text(credentials.key)]
  const user = token
    ? { name: 'tls-bootstrap-token-user', token }
    : { name: 'tls-bootstrap-user', certificate: certificate!, key: key! }
  await host.files.write(paths.bootstrapKubeletConf, kubeconfigText({ clusterName, server, ca, user }), { mode: 0o600 })
}

export const kubeletWaitBootstrapPhase: Phase<Join> = {
  name: 'kubelet-wait-bootstrap',
  does: "Wait for the kubelet's certificate",
  when: context => !context.dryRun,
  async run(context, note) {
    const { host, signal } = context
    const end = Date.now() + (parseDuration(context.timeouts.tlsBootstrap) ?? 300_000)
    while (!(await host.files.exists(paths.kubeletConf))) {
      if (Date.now() > end) {
        throw new Error(
          `the kubelet has got no certificate; kubectl get csr on the control plane shows its request, and ${await logTail(host, paths.kubeletLog)}`,
        )
      }
      note((await kubeletHealth()) ?? 'its request waits to be approved')
      await delay(50, signal)
    }
    await host.files.remove(paths.bootstrapKubeletConf)
  },
}
