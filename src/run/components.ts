/** Controllers and scheduler as parts of a process: each under its own name to the API. */
import { createPrivateKey } from 'node:crypto'
import type { Clock } from '../base/clock.ts'
import type { Client } from '../client/client.ts'
import { InformerSet } from '../client/informer.ts'
import { controllers, startControllers } from '../controllers/controllers.ts'
import { eventRecorder } from '../reconcile/event-recorder.ts'
import { startScheduler } from '../scheduler/scheduler.ts'

export interface ComponentsOptions {
  readonly ca: { readonly certificate: string; readonly key: string }
  readonly podCidr: string
  readonly clock: Clock
  /** A client under a name and groups. */
  readonly clientAs: (name: string, groups?: readonly string[]) => Client
  readonly controllers: boolean
  readonly scheduler: boolean
}

/**
 * Controllers write as service accounts of their own, with the roles upstream gives those; most are called as the
 * controller is.
 */
const accounts: Readonly<Record<string, string>> = {
  'daemonset-controller': 'daemon-set-controller',
  'endpoint-slice-controller': 'endpointslice-controller',
  'serviceaccount-controller': 'service-account-controller',
  'root-ca-certificate-publisher': 'root-ca-cert-publisher',
  'garbage-collector-controller': 'generic-garbage-collector',
  'node-ipam-controller': 'node-controller',
  'node-lifecycle-controller': 'node-controller',
  'taint-eviction-controller': 'node-controller',
  csrapproving: 'certificate-controller',
  csrsigning: 'certificate-controller',
  csrcleaner: 'certificate-controller',
}
const accountGroups = ['system:serviceaccounts', 'system:serviceaccounts:kube-system']

export async function startComponents(options: ComponentsOptions): Promise<{ stop(): Promise<void> }> {
  const { clientAs, clock } = options
  const stops: (() => Promise<void>)[] = []
  if (options.controllers) {
    const informers = new InformerSet(clientAs('system:kube-controller-manager'))
    const { certificate, key } = options.ca
    const all = controllers({
      authority: { certificate, key: createPrivateKey(key) },
      rootCa: certificate,
      clusterCidrs: [options.podCidr],
    })
    const running = startControllers(all, name => {
      const account = `system:serviceaccount:kube-system:${accounts[name] ?? name}`
      const client = clientAs(account, accountGroups)
      return { client, informers, recorder: eventRecorder(client, { component: name }, clock), clock }
    })
    stops.push(
      () => informers.stop(),
      () => running.stop(),
    )
  }
  if (options.scheduler) {
    const client = clientAs('system:kube-scheduler')
    const informers = new InformerSet(client)
    const recorder = eventRecorder(client, { component: 'default-scheduler' }, clock)
    const scheduler = startScheduler({ client, informers, recorder, clock })
    stops.push(
      () => informers.stop(),
      () => scheduler.stop(),
    )
  }
  return {
    async stop() {
      for (const stop of stops.reverse()) await stop()
    },
  }
}
