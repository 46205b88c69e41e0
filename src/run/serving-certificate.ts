/** The certificate of the kubelet's own server: given, signed by the cluster and renewed, or signed by its own key. */
import type { Clock } from '../base/clock.ts'
import type { Client } from '../client/client.ts'
import type { Host } from '../host/host.ts'
import { certificateStore } from '../kubelet/certificates/certificate-store.ts'
import { type KeptCertificate, keepCertificate } from '../kubelet/certificates/keep-certificate.ts'
import { nodeUsages } from '../kubelet/certificates/node-usages.ts'
import { type CertificatePair, pairFacts } from '../kubelet/certificates/pair.ts'
import type { KubeletConfiguration } from '../kubelet/configuration.ts'
import type { Kubelet } from '../kubelet/options.ts'
import { livePair } from './live-files.ts'

export interface ServeWithOptions {
  readonly host: Host
  readonly clock: Clock
  readonly config: KubeletConfiguration
  readonly nodeName: string
  readonly certDir: string
  readonly client: Client | undefined
  /** DNS names and addresses it is to have now. */
  readonly names: () => readonly string[]
  /** Whether one that the cluster signed has to go before its time. */
  readonly outdated?: (pair: CertificatePair) => boolean
}

export interface Serving {
  /** The one to serve with now. */
  readonly pair: () => CertificatePair
  /** The one that the cluster signed, if there is one. */
  readonly signed: () => CertificatePair | undefined
  /** Newer ones go there. */
  use(kubelet: Pick<Kubelet, 'renewCertificates'>): void
  /** The cluster can be asked from now on. */
  ask(): void
  /** The names may have changed. */
  poke(): void
  stop(): Promise<void>
}

export async function serveWith(options: ServeWithOptions): Promise<Serving> {
  const { tlsCertFile, tlsPrivateKeyFile, serverTLSBootstrap } = options.config
  if (tlsCertFile && tlsPrivateKeyFile) return fromFiles(tlsCertFile, tlsPrivateKeyFile)
  return serverTLSBootstrap && options.client ? fromCluster(options, options.client) : ownKey(options)
}

async function fromFiles(certFile: string, keyFile: string): Promise<Serving> {
  const live = await livePair(certFile, keyFile)
  return {
    pair: () => live.current,
    signed: () => undefined,
    use: kubelet => void live.on(pair => kubelet.renewCertificates(pair)),
    ask: () => {},
    poke: () => {},
    stop: async () => live.stop(),
  }
}

async function fromCluster(options: ServeWithOptions, client: Client): Promise<Serving> {
  const { host, clock, nodeName, certDir, names } = options
  const store = certificateStore(host.files, certDir, 'kubelet-server')
  let signed = await store.current()
  const isValid = signed !== undefined && pairFacts(signed)!.notAfter > clock.now()
  let pair = isValid ? signed! : await (await ownKeys()).selfSigned(nodeName, names(), clock.now())
  let kubelet: Pick<Kubelet, 'renewCertificates'> | undefined
  let kept: KeptCertificate | undefined
  return {
    pair: () => pair,
    signed: () => signed,
    use: target => {
      kubelet = target
    },
    ask() {
      kept ??= keepCertificate({
        clock,
        what: 'serving certificate',
        current: () => signed,
        names,
        ...(options.outdated && { outdated: options.outdated }),
        async renew(stop) {
          const { obtainCertificate } = await import('../kubelet/certificates/obtain.ts')
          const subject = { commonName: `system:node:${nodeName}`, organizations: ['system:nodes'] }
          const usages = nodeUsages('server auth')
          const wanted = { signerName: 'kubernetes.io/kubelet-serving', subject, usages, names: names() } as const
          signed = await obtainCertificate(wanted, { client, store, now: () => clock.now(), signal: stop })
          pair = signed
          kubelet?.renewCertificates(signed)
        },
      })
    },
    poke: () => kept?.poke(),
    stop: async () => kept?.stop(),
  }
}

async function ownKey(options: ServeWithOptions): Promise<Serving> {
  const { host, clock, nodeName, certDir, names } = options
  const { ensureSelfSigned } = await ownKeys()
  const make = () => ensureSelfSigned(host.files, certDir, { nodeName, names: names(), now: clock.now() })
  let pair = await make()
  let kept: KeptCertificate | undefined
  return {
    pair: () => pair,
    signed: () => undefined,
    use(kubelet) {
      kept = keepCertificate({
        clock,
        what: 'self-signed serving certificate',
        current: () => pair,
        names,
        async renew() {
          pair = await make()
          kubelet.renewCertificates(pair)
        },
      })
    },
    ask: () => {},
    poke: () => kept?.poke(),
    stop: async () => kept?.stop(),
  }
}

/** Most starts need none. */
const ownKeys = () => import('../kubelet/certificates/self-signed.ts')
