import type { Pod } from '../../api/core/v1/pod.ts'
import { type ServiceAccount, serviceAccounts } from '../../api/core/v1/service-account.ts'
import { delay } from '../../base/clock.ts'
import { generatedName } from '../../machinery/namer.ts'
import type { Operation } from '../admission.ts'
import type { Lister } from '../lister.ts'
import type { Draft } from '../registry/strategy.ts'
import type { Plugin } from './plugin.ts'
import { refuse } from './refuse.ts'

const mountPath = '/var/run/secrets/kubernetes.io/serviceaccount'
const volumePrefix = 'kube-api-access-'
/** Just above an hour: tells tokens of this plugin from those that somebody asked for. */
const tokenSeconds = 3607
/** The account of a namespace just made comes from a controller: it is waited for (attempts, milliseconds between). */
const patience = { attempts: 10, pause: 100 }

/** Gives every pod its service account, and the account's token to its containers. */
export function serviceAccount(lister: Lister): Plugin {
  return {
    name: 'ServiceAccount',
    operations: ['CREATE'],
    resources: ['/pods'],
    async mutate(operation) {
      const pod = operation.object as Draft<Pod>
      if (pod.metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined) return demandBare(operation, pod)
      const { spec } = pod
      spec.serviceAccountName ||= 'default'
      spec.serviceAccount = spec.serviceAccountName
      const account = await find(lister, operation, spec.serviceAccountName)
      if (spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true) mountToken(pod)
      if (!spec.imagePullSecrets?.length && account.imagePullSecrets?.length) {
        spec.imagePullSecrets = account.imagePullSecrets.map(secret => ({ ...secret })) as typeof spec.imagePullSecrets
      }
    },
  }
}

function demandBare(operation: Operation, { spec }: Draft<Pod>): void {
  if (spec.serviceAccountName) throw refuse(operation, 'a mirror pod may not reference service accounts')
  for (const volume of spec.volumes ?? []) {
    if (volume.secret) throw refuse(operation, 'a mirror pod may not reference secrets')
    if (volume.projected?.sources?.some(source => source.serviceAccountToken))
      throw refuse(operation, 'a mirror pod may not use ServiceAccountToken volume projections')
  }
}

async function find(lister: Lister, operation: Operation, name: string): Promise<ServiceAccount> {
  const { namespace = '' } = operation
  await lister.ready([serviceAccounts])
  for (let attempt = 0; ; attempt += 1) {
    const account = lister.get(serviceAccounts, name, namespace)
    if (account) return account
    if (attempt === 0) await lister.fresh()
    else if (name !== 'default' || attempt > patience.attempts) break
    else await delay(patience.pause)
  }
  const missing = `serviceaccount ${JSON.stringify(name)} not found`
  throw refuse(operation, `error looking up service account ${namespace}/${name}: ${missing}`)
}

function mountToken({ spec }: Draft<Pod>): void {
  const existing = spec.volumes?.find(volume => volume.name.startsWith(volumePrefix) && volume.projected)
  const name = existing?.name ?? freeName(new Set(spec.volumes?.map(volume => volume.name)))
  let used = false
  for (const container of [...(spec.initContainers ?? []), ...spec.containers]) {
    if (container.volumeMounts?.some(mount => mount.mountPath === mountPath)) continue
    container.volumeMounts = [...(container.volumeMounts ?? []), { name, mountPath, readOnly: true } as never]
    used = true
  }
  if (used && !existing) spec.volumes = [...(spec.volumes ?? []), tokenVolume(name) as never]
}

function freeName(taken: ReadonlySet<string>): string {
  for (;;) {
    const name = generatedName(volumePrefix)
    if (!taken.has(name)) return name
  }
}

function tokenVolume(name: string) {
  const namespace = { path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }
  return {
    name,
    projected: {
      sources: [
        { serviceAccountToken: { expirationSeconds: tokenSeconds, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        { downwardAPI: { items: [namespace] } },
      ],
      defaultMode: 420,
    },
  }
}
