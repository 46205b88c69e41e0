/** Controllers and scheduler as parts of a process: each under its own name to the API. */
import type { Clock } from '../base/clock.ts'
import type { Client } from '../client/client.ts'
import { InformerSet } from '../client/informer.ts'
import type { ControllersOptions } from '../controllers/controllers.ts'
import { eventRecorder } from '../reconcile/event-recorder.ts'

export interface ComponentsOptions {
  readonly clock: Clock
  readonly controllers?: {
    /** Reads for all of them. */
    readonly client: Client
    /** The client of a service account in kube-system. */
    readonly clientOf: (account: string) => Client
    readonly options: ControllersOptions
    /** Which run, by name. Default: all. */
    readonly chosen?: (controller: string) => boolean
  }
  readonly scheduler?: { readonly client: Client }
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
  'bootstrap-signer-controller': 'bootstrap-signer',
  'token-cleaner-controller': 'token-cleaner',
  csrapproving: 'certificate-controller',
  csrsigning: 'certificate-controller',
  csrcleaner: 'certificate-controller',
}

/** Starts them; a process loads only those it runs, and a candidate for the lead nothing until it leads. */
export async function startComponents(options: ComponentsOptions): Promise<{ stop(): Promise<void> }> {
  const { clock } = options
  const stops: (() => Promise<void>)[] = []
  if (options.controllers) {
    const { controllers, startControllers } = await import('../controllers/controllers.ts')
    const { client: reader, clientOf, chosen = () => true } = options.controllers
    const informers = new InformerSet(reader)
    const all = controllers(options.controllers.options).filter(({ name }) => chosen(name))
    const running = startControllers(all, name => {
      const client = clientOf(accounts[name] ?? name)
      return { client, informers, recorder: eventRecorder(client, { component: name }, clock), clock }
    })
    stops.push(
      () => informers.stop(),
      () => running.stop(),
    )
  }
  if (options.scheduler) {
    const { startScheduler } = await import('../scheduler/scheduler.ts')
    const { client } = options.scheduler
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
