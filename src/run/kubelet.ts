/** The process `kobune kubelet`. */
import { systemClock } from '../base/clock.ts'
import { logger } from '../base/log.ts'
import { linuxHost } from '../host/host.ts'
import { followRotation } from './authority-rotation.ts'
import { keepCertificates } from './certificate-renewal.ts'
import type { KubeletFlags } from './flags/kubelet.ts'
import { kubeletSetup } from './kubelet-setup.ts'
import { startNodeAgent } from './node-agent.ts'
import { followPodNetwork } from './pod-network.ts'
import { settled } from './settled.ts'
import { untilStopped } from './until-stopped.ts'

const log = logger('kubelet')

/** Runs until the process is told to stop; pods go on running. Resolves to the exit code. */
export async function runKubelet(flags: KubeletFlags, said: ReadonlySet<string>): Promise<number> {
  const stop = untilStopped()
  const host = linuxHost
  const setup = await kubeletSetup(host, flags, said)
  const { config, nodeName, taints, criSocket, balancer } = setup
  for (const warning of setup.warnings) log.warn(warning)
  const agent = await Promise.race([
    stop,
    startNodeAgent({
      host,
      clock: systemClock,
      config,
      nodeName,
      nodeIp: flags['node-ip'],
      nodeLabels: flags['node-labels'],
      taints,
      rootDir: flags['root-dir'],
      certDir: flags['cert-dir'],
      criSocket,
      kubeconfig: flags.kubeconfig,
      bootstrapKubeconfig: flags['bootstrap-kubeconfig'],
      balancer,
      ...(flags.kubeconfig !== undefined && {
        certificates: ({ client }) =>
          keepCertificates({ ...setup, host, client, clock: systemClock, certDir: flags['cert-dir'] }),
      }),
      more: node => {
        const same = { ...node, host, nodeName, clock: systemClock }
        const rotation = followRotation({ ...same, config })
        const network = flags['pod-network'] === 'auto' ? followPodNetwork(same) : undefined
        return {
          async stop() {
            await network?.stop()
            await rotation.stop()
          },
        }
      },
    }),
  ])
  // Told to stop before the runtime answered: nothing has been begun.
  if (typeof agent === 'string') process.exit(0)
  settled()
  log.info({ node: nodeName, standalone: flags.kubeconfig === undefined }, 'running')
  const signal = await stop
  log.info({ signal }, 'stopping')
  await agent.stop()
  return 0
}
