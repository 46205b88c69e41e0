/** What everybody may know about a cluster: where it is and whom to trust. Read before a machine has any credentials. */
import { parse } from 'yaml'
import { configMaps } from '../api/core/v1/config-map.ts'
import { kubeconfigText } from '../pki/kubeconfig.ts'
import { type Declared, declare } from './ensure.ts'
import { readable } from './objects/rbac.ts'

export const clusterInfo = { namespace: 'kube-public', name: 'cluster-info' } as const
/** The key of the content; beside it, `jws-kubeconfig-<token id>` are signatures of it. */
export const clusterInfoKey = 'kubeconfig'
export const signatureKey = (tokenId: string) => `jws-kubeconfig-${tokenId}`

/** The kubeconfig in it: a server and an authority, and nobody's credentials. */
export function clusterInfoText(of: { readonly server: string; readonly ca: string }): string {
  return kubeconfigText(of)
}

/** The ConfigMap, and the right of everybody to read it. */
export function clusterInfoObjects(of: { readonly server: string; readonly ca: string }): readonly Declared[] {
  return [
    declare(configMaps, { metadata: clusterInfo, data: { [clusterInfoKey]: clusterInfoText(of) } }),
    ...readable(
      'kubeadm:bootstrap-signer-clusterinfo',
      { ...clusterInfo, resource: 'configmaps' },
      { kind: 'User', name: 'system:anonymous' },
    ),
  ]
}

/** Server and authorities (PEM) of such a kubeconfig. Throws when it names no server, or more than one. */
export function readClusterInfo(text: string): { readonly server: string; readonly ca: string } {
  const config = parse(text, { maxAliasCount: 0 }) as {
    readonly clusters?: readonly {
      readonly cluster?: { readonly server?: unknown; readonly 'certificate-authority-data'?: unknown }
    }[]
  } | null
  const [entry, more] = config?.clusters ?? []
  const server = entry?.cluster?.server
  const ca = entry?.cluster?.['certificate-authority-data']
  if (typeof server !== 'string' || more) throw new Error('cluster-info must name exactly one cluster with its server')
  return { server, ca: typeof ca === 'string' ? Buffer.from(ca, 'base64').toString('utf8') : '' }
}
