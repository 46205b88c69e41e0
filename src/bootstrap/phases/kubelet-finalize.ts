/** Lets kubelet.conf use the certificate that the kubelet renews by itself, in place of the one it began with. */
import { parse, stringify } from 'yaml'
import type { Kubeconfig } from '../../client/kubeconfig.ts'
import type { NodeContext } from '../node-context.ts'
import { paths } from '../paths.ts'
import type { Phase } from './phase.ts'

export const kubeletFinalizePhase: Phase<NodeContext> = {
  name: 'kubelet-finalize',
  does: 'Let the kubelet renew its certificate',
  phases: [
    {
      name: 'enable-client-cert-rotation',
      does: 'Point kubelet.conf at the certificate that is renewed',
      async run({ host }) {
        const file = paths.kubeletClientCertificate
        if (!(await host.files.exists(file))) return
        const config = parse(await host.files.read(paths.kubeletConf)) as Kubeconfig
        const users = config.users?.map(({ name }) => ({
          name,
          user: { 'client-certificate': file, 'client-key': file },
        }))
        const text = stringify({ ...config, users })
        if ((await host.files.read(paths.kubeletConf)) === text) return
        await host.files.write(paths.kubeletConf, text, { mode: 0o600 })
      },
    },
  ],
}
