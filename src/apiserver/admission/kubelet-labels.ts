const allowed = new Set([
  'kubernetes.io/hostname',
  'kubernetes.io/arch',
  'kubernetes.io/os',
  'beta.kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/instance-type',
  'node.kubernetes.io/instance-type',
  'failure-domain.beta.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.kubernetes.io/region',
  'failure-domain.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'topology.kubernetes.io/zone',
])
const within = (namespace: string, domain: string) => namespace === domain || namespace.endsWith(`.${domain}`)

/** Whether a kubelet may set a label on its own node: of Kubernetes' names only those that tell about the machine. */
export function isKubeletLabel(key: string): boolean {
  const [namespace = ''] = key.includes('/') ? key.split('/') : []
  if (within(namespace, 'node-restriction.kubernetes.io')) return false
  if (!within(namespace, 'kubernetes.io') && !within(namespace, 'k8s.io')) return true
  return allowed.has(key) || within(namespace, 'kubelet.kubernetes.io') || within(namespace, 'node.kubernetes.io')
}
