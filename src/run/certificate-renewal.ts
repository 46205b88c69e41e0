/** The part of a node's agent that keeps the certificates of its machine from expiring. */
import { dirname } from 'node:path'
import type { Clock } from '../base/clock.ts'
import { parseDuration } from '../base/duration.ts'
import { keepRenewed } from '../bootstrap/certs/keep-renewed.ts'
import { paths } from '../bootstrap/paths.ts'
import { pkiFiles } from '../bootstrap/phases/certs.ts'
import { storedCluster } from '../bootstrap/stored-cluster.ts'
import type { Client } from '../client/client.ts'
import type { Host } from '../host/host.ts'
import { certificateStore } from '../kubelet/certificates/certificate-store.ts'
import { pairFacts } from '../kubelet/certificates/pair.ts'
import type { KubeletConfiguration } from '../kubelet/configuration.ts'
import { eventRecorder } from '../reconcile/event-recorder.ts'
import type { CertificateKeeper } from './node-agent.ts'

export interface KeepCertificatesOptions {
  readonly host: Host
  readonly clock: Clock
  readonly client: Client | undefined
  readonly config: KubeletConfiguration
  readonly nodeName: string
  /** Of the kubelet's own certificates. */
  readonly certDir: string
}

/** How long it is remembered what the cluster says of the lives of certificates, milliseconds. */
const remembered = 600_000

/** Looks after all certificates of the control plane on this machine; on others there are none, until it joins. */
export function keepCertificates(options: KeepCertificatesOptions): CertificateKeeper {
  const { host, clock, client, config, nodeName, certDir } = options
  const clientCa = config.authentication.x509.clientCAFile
  const recorder = client && eventRecorder(client, { component: 'kobune-certificates', host: nodeName }, clock)
  const node = { apiVersion: 'v1', kind: 'Node', name: nodeName, uid: nodeName }
  const store = certificateStore(host.files, certDir, 'kubelet-client')

  let period: number | undefined
  let asked = Number.NEGATIVE_INFINITY
  /** What is known now: renewing does not wait for a server that may lack its certificate. */
  async function validity(): Promise<number | undefined> {
    if (client && clock.now() - asked > remembered) {
      asked = clock.now()
      storedCluster(host, client).then(
        ({ certificateValidityPeriod }) => {
          period = parseDuration(certificateValidityPeriod)
        },
        () => {
          asked = Number.NEGATIVE_INFINITY
        },
      )
    }
    return period
  }

  async function others() {
    const pair = await store.current()
    const facts = pair && pairFacts(pair)
    const hint = `see "kubectl get csr", and approve what is pending; its authority may be kept elsewhere`
    return facts ? [{ name: 'the client certificate of the kubelet', hint, ...facts }] : []
  }

  return keepRenewed({
    dir: clientCa ? dirname(clientCa) : paths.pki,
    kubernetesDir: paths.kubernetes,
    clock,
    files: pkiFiles(host),
    validity,
    others,
    tell: ({ type, reason, message }) => recorder?.event(node, type, reason, message),
  })
}
