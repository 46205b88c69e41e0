/** API server, controllers and scheduler in one process: who they are to one another, and in which order they start. */
import { createPrivateKey } from 'node:crypto'
import { type ApiServer, startApiServer } from '../apiserver/api-server.ts'
import { publishAuthorities } from '../apiserver/authentication/publish-authorities.ts'
import { itself } from '../apiserver/bootstrap-objects.ts'
import { secured } from '../apiserver/secured.ts'
import { type Clock, systemClock } from '../base/clock.ts'
import { type Client, createClient } from '../client/client.ts'
import type { Storage } from '../storage/storage.ts'
import { startComponents } from './components.ts'

/** PEM texts: what a control plane proves itself and others with. */
export interface ControlPlanePki {
  readonly ca: { readonly certificate: string; readonly key: string }
  readonly server: { readonly certificate: string; readonly key: string }
  /** What the API server shows to kubelets. */
  readonly kubeletClient: { readonly certificate: string; readonly key: string }
  readonly frontProxyCa?: string
  /** Signs service account tokens. */
  readonly serviceAccountKey: string
}

export interface ControlPlaneOptions {
  /** Stays the caller's. */
  readonly storage: Storage
  readonly pki: ControlPlanePki
  readonly bindAddress: string
  /** 0: a free one. */
  readonly port: number
  readonly advertiseAddress: string
  readonly serviceCidr: string
  readonly podCidr: string
  /** Who issues service account tokens. Default: kubeadm's for the domain cluster.local. */
  readonly issuer?: string
  readonly clock?: Clock
  /** Which parts run beside the API server. Default: both. */
  readonly controllers?: boolean
  readonly scheduler?: boolean
}

export interface ControlPlane {
  readonly server: ApiServer
  /** A client in this process, as a user; authorized as any other. */
  clientAs(name: string, groups?: readonly string[]): Client
  /** Shows other certificates from now on. */
  renew(pki: Pick<ControlPlanePki, 'server' | 'kubeletClient'>): void
  stop(): Promise<void>
}

const usualIssuer = 'https://kubernetes.default.svc.cluster.local'

export const accountGroups = ['system:serviceaccounts', 'system:serviceaccounts:kube-system']

/** Clients in the process of an API server, by the user they are. */
export function clientsOf(server: Pick<ApiServer, 'localTransport'>): ControlPlane['clientAs'] {
  return (name, groups = []) =>
    createClient(server.localTransport({ name, groups: [...groups, 'system:authenticated'] }))
}

/** Resolves when the API server is ready and the components have begun. */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { pki, clock = systemClock, issuer = usualIssuer } = options
  let { server: serving, kubeletClient } = pki
  const tls = () => ({ cert: serving.certificate, key: serving.key, clientCA: pki.ca.certificate })
  const server = await startApiServer({
    storage: options.storage,
    ...secured({
      clientCA: pki.ca.certificate,
      ...(pki.frontProxyCa && { frontProxyCA: pki.frontProxyCa }),
      tokens: { issuer, key: createPrivateKey(pki.serviceAccountKey) },
      kubelet: { cert: () => kubeletClient.certificate, key: () => kubeletClient.key, ca: pki.ca.certificate },
    }),
    tls: tls(),
    bindAddress: options.bindAddress,
    port: options.port,
    advertiseAddress: options.advertiseAddress,
    serviceCIDR: options.serviceCidr,
    clock,
  })
  const clientAs = clientsOf(server)
  // What they may do is written there first.
  await server.ready
  await publishAuthorities(createClient(server.localTransport(itself)), {
    clientCa: pki.ca.certificate,
    frontProxyCa: pki.frontProxyCa,
  })
  const { certificate, key } = pki.ca
  const parts = await startComponents({
    clock,
    ...((options.controllers ?? true) && {
      controllers: {
        client: clientAs('system:kube-controller-manager'),
        clientOf: account => clientAs(`system:serviceaccount:kube-system:${account}`, accountGroups),
        options: {
          authority: { certificate, key: createPrivateKey(key) },
          rootCa: certificate,
          clusterCidrs: [options.podCidr],
        },
      },
    }),
    ...((options.scheduler ?? true) && { scheduler: { client: clientAs('system:kube-scheduler') } }),
  })
  return {
    server,
    clientAs,
    renew(renewed) {
      serving = renewed.server
      kubeletClient = renewed.kubeletClient
      server.renewCertificates(tls())
    },
    async stop() {
      await parts.stop()
      await server.stop()
    },
  }
}
