/** A whole control plane in one process: the components by the flags that they would have on their own, without TLS between them. */
import { readFileSync } from 'node:fs'
import { systemClock } from '../base/clock.ts'
import { type Flags, type Given, parseFlags } from '../base/flags.ts'
import type { ControlPlaneProcesses } from '../bootstrap/manifests/processes.ts'
import type { StaticPodName } from '../bootstrap/manifests/static-pod.ts'
import { paths } from '../bootstrap/paths.ts'
import { startComponents } from './components.ts'
import { accountGroups, clientsOf } from './control-plane.ts'
import { controllerChoice } from './controller-choice.ts'
import { kubeApiserverFlags } from './flags/kube-apiserver.ts'
import { kubeControllerManagerFlags } from './flags/kube-controller-manager.ts'
import { runWithCompany } from './kube-apiserver.ts'
import { controllerOptions } from './kube-controller-manager.ts'
import { serveOrders } from './server-orders.ts'

/** Runs until the process is told to stop; resolves to the exit code. */
export async function runControlPlane(file: string): Promise<number> {
  const { commands } = JSON.parse(readFileSync(file, 'utf8')) as ControlPlaneProcesses
  const given = <F extends Flags>(name: StaticPodName, flags: F): Given<F> =>
    parseFlags(flags, (commands[name] ?? []).slice(2)).given
  const manager = given('kube-controller-manager', kubeControllerManagerFlags)
  return runWithCompany(given('kube-apiserver', kubeApiserverFlags), {
    async beside({ server, storage }) {
      const clientAs = clientsOf(server)
      const controllers = await controllerOptions(manager)
      const parts = await startComponents({
        clock: systemClock,
        controllers: {
          client: clientAs('system:kube-controller-manager'),
          clientOf: account => clientAs(`system:serviceaccount:kube-system:${account}`, accountGroups),
          options: controllers.options,
          chosen: controllerChoice(manager.controllers),
        },
        scheduler: { client: clientAs('system:kube-scheduler') },
      })
      const orders = await serveOrders(paths.serverSocket, storage)
      return {
        async stop() {
          await orders.stop()
          await parts.stop()
          controllers.stop()
        },
      }
    },
  })
}
