import { FlagError } from '../base/flags.ts'

/** Our controllers by upstream's names: the one of today, and the one before it, which kubeadm still writes. */
const names: Readonly<Record<string, readonly string[]>> = {
  'bootstrap-signer-controller': ['bootstrap-signer-controller', 'bootstrapsigner'],
  'token-cleaner-controller': ['token-cleaner-controller', 'tokencleaner'],
  'deployment-controller': ['deployment-controller', 'deployment'],
  'replicaset-controller': ['replicaset-controller', 'replicaset'],
  'replication-controller': ['replicationcontroller-controller', 'replicationcontroller'],
  'statefulset-controller': ['statefulset-controller', 'statefulset'],
  'job-controller': ['job-controller', 'job'],
  'cronjob-controller': ['cronjob-controller', 'cronjob'],
  'ttl-after-finished-controller': ['ttl-after-finished-controller', 'ttl-after-finished'],
  'daemonset-controller': ['daemonset-controller', 'daemonset'],
  'endpoint-controller': ['endpoints-controller', 'endpoint'],
  'endpoint-slice-controller': ['endpointslice-controller', 'endpointslice'],
  'endpointslicemirroring-controller': ['endpointslice-mirroring-controller', 'endpointslicemirroring'],
  'disruption-controller': ['disruption-controller', 'disruption'],
  'resourcequota-controller': ['resourcequota-controller', 'resourcequota'],
  'namespace-controller': ['namespace-controller', 'namespace'],
  'serviceaccount-controller': ['serviceaccount-controller', 'serviceaccount'],
  'garbage-collector-controller': ['garbage-collector-controller', 'garbagecollector'],
  'node-ipam-controller': ['node-ipam-controller', 'nodeipam'],
  'node-lifecycle-controller': ['node-lifecycle-controller', 'nodelifecycle'],
  'taint-eviction-controller': ['taint-eviction-controller'],
  'pod-garbage-collector': ['pod-garbage-collector-controller', 'podgc'],
  'root-ca-certificate-publisher': ['root-ca-certificate-publisher-controller', 'root-ca-cert-publisher'],
  csrapproving: ['certificatesigningrequest-approving-controller', 'csrapproving'],
  csrsigning: ['certificatesigningrequest-signing-controller', 'csrsigning'],
  csrcleaner: ['certificatesigningrequest-cleaner-controller', 'csrcleaner'],
}

/** Not in `*`, as upstream. */
const onlyByName = new Set(['bootstrap-signer-controller', 'token-cleaner-controller'])

/** Upstream's that are not here: leaving them out changes nothing, asking for them by name is an error. */
const absent = new Set(
  [
    'clusterrole-aggregation-controller clusterrole-aggregation ephemeral-volume-controller ephemeral-volume',
    'horizontal-pod-autoscaler-controller horizontalpodautoscaling legacy-serviceaccount-token-cleaner-controller',
    'persistentvolume-attach-detach-controller attachdetach persistentvolume-binder-controller persistentvolume-binder',
    'persistentvolume-expander-controller persistentvolume-expander persistentvolume-protection-controller pv-protection',
    'persistentvolumeclaim-protection-controller pvc-protection serviceaccount-token-controller serviceaccount-token',
    'ttl-controller ttl service-lb-controller service node-route-controller route cloud-node-lifecycle-controller',
    'cloud-node-lifecycle resourceclaim-controller service-cidr-controller storage-version-migrator-controller',
    'validatingadmissionpolicy-status-controller selinux-warning-controller device-taint-eviction-controller',
  ].flatMap(line => line.split(' ')),
)

/** Whether a controller of ours runs by `--controllers`: names, `-name`, `*`; the first word that is about it counts. */
export function controllerChoice(words: readonly string[]): (controller: string) => boolean {
  const known = new Map(Object.entries(names).flatMap(([own, all]) => all.map(name => [name, own] as const)))
  for (const word of words) {
    const off = word.startsWith('-')
    const name = off ? word.slice(1) : word
    if (word === '*' || known.has(name) || (off && absent.has(name))) continue
    if (absent.has(name)) throw new FlagError(`--controllers=${word}: this controller is not there yet`)
    throw new FlagError(`--controllers=${word}: there is no such controller; known: ${[...known.keys()].join(', ')}`)
  }
  return controller => {
    for (const word of words) {
      if (known.get(word) === controller) return true
      if (word.startsWith('-') && known.get(word.slice(1)) === controller) return false
    }
    return words.includes('*') && !onlyByName.has(controller)
  }
}
