import { persistentVolumes } from '../../api/core/v1/persistent-volume.ts'
import { persistentVolumeClaims } from '../../api/core/v1/persistent-volume-claim.ts'
import { type Pod, pods } from '../../api/core/v1/pod.ts'
import { resourceSlices } from '../../api/resource/v1/resource-slice.ts'
import { volumeAttachments } from '../../api/storage/v1/volume-attachment.ts'
import type { Attributes, Authorizer, Decision } from '../authorizer.ts'
import type { Lister } from '../lister.ts'
import { type NodeIdentity, nodeIdentity } from './node-identity.ts'
import { nodeRules } from './node-rules.ts'
import { podReferences } from './pod-references.ts'
import { ruleMatches } from './rule.ts'

const yes: Decision = { allowed: true, reason: '' }
const no = (reason: string): Decision => ({ allowed: false, reason })
const reads = new Set(['get', 'list', 'watch'])

type Judge = (node: NodeIdentity, attributes: Attributes, lister: Lister) => Decision

/** Reading an object that a pod of the node refers to. */
const referenced: Judge = (node, { verb, resource = '', subresource, namespace, name }, lister) => {
  if (!reads.has(verb)) return no('can only read resources of this type')
  if (subresource) return no('cannot read subresource')
  if (!name) return no('can only read an individual resource of this type')
  if (!namespace) return no('can only read namespaced object of this type')
  return onNode(lister, node, namespace, `${resource}/${name}`) ? yes : unrelated(node)
}

const unrelated = (node: NodeIdentity) => no(`no relationship found between node '${node.name}' and this object`)

const secret: Judge = (node, attributes, lister) => {
  const decision = referenced(node, attributes, lister)
  if (decision.allowed || !attributes.name || !attributes.namespace) return decision
  return secretOfVolume(lister, node, attributes.namespace, attributes.name) ? yes : decision
}

const claim: Judge = (node, attributes, lister) => {
  const { verb, subresource, namespace, name } = attributes
  if (subresource !== 'status') return referenced(node, attributes, lister)
  if (verb !== 'update' && verb !== 'patch') return no('can only get/update/patch this type')
  if (!name || !namespace) return no('can only update the status of an individual resource')
  return onNode(lister, node, namespace, `persistentvolumeclaims/${name}`) ? yes : unrelated(node)
}

const volume: Judge = (node, { verb, subresource, name }, lister) => {
  if (!reads.has(verb) || subresource || !name) return no('can only read an individual resource of this type')
  const ref = lister.get(persistentVolumes, name)?.spec?.claimRef
  const mounted = ref?.name && onNode(lister, node, ref.namespace ?? '', `persistentvolumeclaims/${ref.name}`)
  return mounted ? yes : unrelated(node)
}

const attachment: Judge = (node, { verb, subresource, name }, lister) => {
  if (!reads.has(verb) || subresource || !name) return no('can only read an individual resource of this type')
  return lister.get(volumeAttachments, name)?.spec.nodeName === node.name ? yes : unrelated(node)
}

const account: Judge = (node, attributes, lister) => {
  const { verb, subresource, namespace, name } = attributes
  const allowed = subresource === 'token' ? verb === 'create' : !subresource && verb === 'get'
  if (!allowed) return no('can only create tokens for individual service accounts')
  if (!name || !namespace) return no('can only create tokens for individual service accounts')
  return onNode(lister, node, namespace, `serviceaccounts/${name}`) ? yes : unrelated(node)
}

/** The object of the node's own name only. */
const ownOnly =
  (verbs: readonly string[], namespace?: string): Judge =>
  (node, attributes) => {
    const { verb, subresource, name } = attributes
    if (subresource || !verbs.includes(verb)) return no(`can only ${listed(verbs)} this type`)
    if (namespace !== undefined && attributes.namespace !== namespace)
      return no(`can only access resources in the ${JSON.stringify(namespace)} namespace`)
    if (verb !== 'create' && name !== node.name) return no('can only access the object with the same name as the node')
    return yes
  }

const listed = (verbs: readonly string[]) => `${verbs.slice(0, -1).join(', ')}, or ${verbs.at(-1)}`

const ownNode: Judge = (node, attributes) => {
  const { verb, subresource, name } = attributes
  if (subresource === 'status') return verb === 'update' || verb === 'patch' ? yes : no('')
  if (subresource) return no('')
  if (verb === 'create' || verb === 'update' || verb === 'patch') return yes
  // Upstream's nodes cannot leave by themselves; a machine that is reset takes its Node along.
  if (verb === 'delete') return name === node.name ? yes : no(`node '${node.name}' can only delete its own Node object`)
  if (!reads.has(verb)) return no('')
  const one = name ?? selected(attributes, 'metadata.name')
  return one === node.name
    ? yes
    : no(`node '${node.name}' cannot read ${one ? `'${one}'` : 'all nodes'}, only its own Node object`)
}

const pod: Judge = (node, attributes, lister) => {
  const { verb, subresource, namespace, name } = attributes
  if (subresource === 'status') return verb === 'update' || verb === 'patch' ? yes : no('')
  if (subresource === 'eviction') return verb === 'create' ? yes : no('')
  if (subresource) return no('')
  if (verb === 'create' || verb === 'delete') return yes
  if (verb === 'get') {
    const found = name && namespace ? lister.get(pods, name, namespace) : undefined
    return found?.spec.nodeName === node.name ? yes : unrelated(node)
  }
  if (verb !== 'list' && verb !== 'watch') return no('')
  if (selected(attributes, 'spec.nodeName') === node.name) return yes
  const one = name && namespace ? lister.get(pods, name, namespace) : undefined
  return one?.spec.nodeName === node.name ? yes : no(`can only list/watch pods with spec.nodeName field selector`)
}

/** What drivers of the node offer: kubelets look after their own, and create is checked by what it creates. */
const slice: Judge = (node, attributes, lister) => {
  const { verb, subresource, name } = attributes
  if (subresource) return no('cannot access subresource')
  if (verb === 'create') return yes
  if (verb === 'get' || verb === 'update' || verb === 'patch' || verb === 'delete') {
    const found = name ? lister.get(resourceSlices, name) : undefined
    return found?.spec.nodeName === node.name ? yes : unrelated(node)
  }
  const own = selected(attributes, 'spec.nodeName') === node.name
  return own ? yes : no('can only list/watch/deletecollection resourceslices with nodeName field selector')
}

function selected({ fieldSelector }: Attributes, field: string): string | undefined {
  const found = fieldSelector?.find(one => one.key === field && one.operator === 'In' && one.values?.length === 1)
  return found?.values?.[0]
}

const judges: Readonly<Record<string, Judge>> = {
  '/secrets': secret,
  '/configmaps': referenced,
  '/persistentvolumeclaims': claim,
  '/persistentvolumes': volume,
  'resource.k8s.io/resourceclaims': referenced,
  'resource.k8s.io/resourceslices': slice,
  'storage.k8s.io/volumeattachments': attachment,
  '/serviceaccounts': account,
  'coordination.k8s.io/leases': ownOnly(['get', 'create', 'update', 'patch', 'delete'], 'kube-node-lease'),
  'storage.k8s.io/csinodes': ownOnly(['get', 'create', 'update', 'patch', 'delete']),
  '/nodes': ownNode,
  '/pods': pod,
}

const kinds = [pods, persistentVolumeClaims, persistentVolumes, volumeAttachments, resourceSlices]
const noOpinion = no('')

/** What kubelets may do: read what their own pods refer to, and tell about their own node and pods. */
export function nodeAuthorizer(lister: Lister): Authorizer {
  function decide(node: NodeIdentity, attributes: Attributes): Decision {
    const { verb, group = '', resource, subresource = '' } = attributes
    if (resource === undefined) return noOpinion
    const judge = judges[`${group}/${resource}`]
    if (judge) return judge(node, attributes, lister)
    const target = { verb, group, resource, subresource }
    return nodeRules.some(rule => ruleMatches(rule, target)) ? yes : noOpinion
  }
  return {
    authorize(attributes) {
      const node = nodeIdentity(attributes.user)
      if (!node) return noOpinion
      if (!node.name) return no(`unknown node for user ${JSON.stringify(attributes.user.name)}`)
      const loading = lister.ready(kinds)
      return loading ? loading.then(() => decide(node, attributes)) : decide(node, attributes)
    },
    rules: user => ({
      resourceRules: [],
      nonResourceRules: [],
      incomplete: nodeIdentity(user) !== undefined,
      ...(nodeIdentity(user) && { evaluationError: 'node authorizer does not support user rule resolution' }),
    }),
  }
}

const podsOn = (lister: Lister, node: string) =>
  lister.having(pods, 'spec.nodeName', (one: Pod) => (one.spec.nodeName ? [one.spec.nodeName] : []), node)

function onNode(lister: Lister, node: NodeIdentity, namespace: string, reference: string): boolean {
  return podsOn(lister, node.name).some(
    one => one.metadata.namespace === namespace && podReferences(one).has(reference),
  )
}

/** Secrets that a persistent volume needs on the node which mounts it. */
function secretOfVolume(lister: Lister, node: NodeIdentity, namespace: string, name: string): boolean {
  for (const one of podsOn(lister, node.name)) {
    for (const reference of podReferences(one)) {
      if (!reference.startsWith('persistentvolumeclaims/')) continue
      const bound = lister.get(persistentVolumeClaims, reference.slice(23), one.metadata.namespace)?.spec.volumeName
      const source = bound ? lister.get(persistentVolumes, bound)?.spec : undefined
      const refs = [
        source?.csi?.nodePublishSecretRef,
        source?.csi?.nodeStageSecretRef,
        source?.csi?.nodeExpandSecretRef,
      ]
      if (refs.some(ref => ref?.name === name && ref.namespace === namespace)) return true
    }
  }
  return false
}
