/** Gives every namespace its `default` ServiceAccount and the certificate authority that pods trust. */
import { configMaps } from '../api/core/v1/config-map.ts'
import { namespaces } from '../api/core/v1/namespace.ts'
import { serviceAccounts } from '../api/core/v1/service-account.ts'
import { isAlreadyExists, isNotFound, StatusError } from '../machinery/status-error.ts'
import { type Controller, controller, on, own, type ReconcileContext } from '../reconcile/controller.ts'

const nameOfAccount = 'default'
const nameOfRootCa = 'kube-root-ca.crt'
const nameOfPublisher = 'root-ca-certificate-publisher'

export function serviceAccountController(): Controller {
  return controller({
    name: 'serviceaccount-controller',
    watches: [
      own(namespaces),
      on(serviceAccounts, account => (account.metadata.name === nameOfAccount ? [account.metadata.namespace] : [])),
    ],
    reconcile: async (key, { client, informers }) => {
      const namespace = informers.of(namespaces).get(key)
      if (!namespace || namespace.metadata.deletionTimestamp) return undefined
      if (informers.of(serviceAccounts).get(`${key}/${nameOfAccount}`)) return undefined
      await client.create(serviceAccounts, { metadata: { name: nameOfAccount, namespace: key } }).catch(ignoreEnding)
      return undefined
    },
  })
}

/** A text that may change while controllers run. */
export interface RenewedText {
  readonly current: string
  /** Calls back with every newer one. */
  on(changed: () => void): () => void
}

/** `ca`: PEM of the certificate authorities of the API server. */
export function rootCaPublisher(ca: string | RenewedText): Controller {
  if (typeof ca === 'string') return publisher(() => ca)
  return {
    name: nameOfPublisher,
    start(context) {
      const running = publisher(() => ca.current).start(context)
      const off = ca.on(() => {
        for (const { metadata } of context.informers.of(namespaces).list()) running.look(metadata.name)
      })
      return {
        async stop() {
          off()
          await running.stop()
        },
      }
    },
  }
}

function publisher(ca: () => string) {
  return controller({
    name: nameOfPublisher,
    watches: [
      own(namespaces),
      on(configMaps, map => (map.metadata.name === nameOfRootCa ? [map.metadata.namespace] : [])),
    ],
    reconcile: (key, context) => publish(key, context, ca()),
  })
}

async function publish(key: string, { client, informers }: ReconcileContext, ca: string) {
  const namespace = informers.of(namespaces).get(key)
  if (!namespace || namespace.metadata.deletionTimestamp) return undefined
  const data = { 'ca.crt': ca }
  const map = informers.of(configMaps).get(`${key}/${nameOfRootCa}`)
  const description = 'Contains a CA bundle that can be used to verify the API server from inside the cluster.'
  if (!map) {
    const annotations = { 'kubernetes.io/description': description }
    await client
      .create(configMaps, { metadata: { name: nameOfRootCa, namespace: key, annotations }, data })
      .catch(ignoreEnding)
  } else if (map.data?.['ca.crt'] !== ca) {
    await client.patch(configMaps, map.metadata, { data })
  }
  return undefined
}

/** It is there already, or the namespace is on its way out. */
function ignoreEnding(error: unknown): void {
  const ending =
    error instanceof StatusError && error.status.details?.causes?.some(c => c.reason === 'NamespaceTerminating')
  if (!isAlreadyExists(error) && !isNotFound(error) && !ending) throw error
}
