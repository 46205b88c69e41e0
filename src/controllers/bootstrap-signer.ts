/** Signs kube-public/cluster-info with every bootstrap token that may, so that who joins can tell the real one. */
import { configMaps } from '../api/core/v1/config-map.ts'
import { type Secret, secrets } from '../api/core/v1/secret.ts'
import { bootstrapTokenType, readBootstrapToken } from '../machinery/bootstrap-token-secret.ts'
import { detachedJws } from '../pki/jws.ts'
import { type Controller, controller, on } from '../reconcile/controller.ts'

const clusterInfo = 'kube-public/cluster-info'
const prefix = 'jws-kubeconfig-'

export function bootstrapSigner(): Controller {
  return controller({
    name: 'bootstrap-signer-controller',
    watches: [
      on(configMaps, ({ metadata: { namespace, name } }) => {
        const key = `${namespace}/${name}`
        return key === clusterInfo ? [key] : []
      }),
      on(secrets, ({ type }) => (type === bootstrapTokenType ? [clusterInfo] : [])),
    ],
    workers: 1,
    reconcile: async (key, { client, informers, clock }) => {
      const map = informers.of(configMaps).get(key)
      const kubeconfig = map?.data?.kubeconfig
      if (!map || kubeconfig === undefined) return undefined
      const { signatures, next } = signaturesBy(informers.of(secrets).list(), kubeconfig, clock.now())
      const others = Object.entries(map.data ?? {}).filter(([name]) => !name.startsWith(prefix))
      const data = { ...Object.fromEntries(others), ...signatures }
      // With its version: a lost race is told as a conflict, and done again.
      if (!sameEntries(data, map.data ?? {})) await client.update(configMaps, { ...map, data })
      return next === undefined ? undefined : { after: next - clock.now() }
    },
  })
}

/** The signature of each good token by its key, and when the first of them ends. */
function signaturesBy(all: Iterable<Secret>, kubeconfig: string, now: number) {
  const signatures: Record<string, string> = {}
  let next: number | undefined
  for (const secret of all) {
    const token = readBootstrapToken(secret)
    if (!token?.signing || secret.metadata.deletionTimestamp) continue
    const { id, expires } = token
    if (expires !== undefined && expires <= now) continue
    if (expires !== undefined) next = Math.min(next ?? expires, expires)
    signatures[prefix + id] = detachedJws(kubeconfig, id, token.secret)
  }
  return { signatures, next }
}

function sameEntries(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(a)
  return names.length === Object.keys(b).length && names.every(name => a[name] === b[name])
}
