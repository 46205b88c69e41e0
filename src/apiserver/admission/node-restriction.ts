import type { Node } from '../../api/core/v1/node.ts'
import { type Pod, pods } from '../../api/core/v1/pod.ts'
import type { ResourceSlice } from '../../api/resource/v1/resource-slice.ts'
import type { Operation } from '../admission.ts'
import { nodeIdentity } from '../authorization/node-identity.ts'
import { deepEqual } from '../cache/json.ts'
import type { Lister } from '../lister.ts'
import { isKubeletLabel } from './kubelet-labels.ts'
import type { Plugin } from './plugin.ts'
import { refuse } from './refuse.ts'

type Check = (operation: Operation, node: string, lister: Lister) => void

const pod: Check = (operation, node) => {
  const { operation: verb, object, oldObject } = operation
  if (verb === 'DELETE') return demandOwnPod(operation, node, oldObject as Pod | undefined, 'delete pods')
  if (verb !== 'CREATE')
    throw refuse(operation, `unexpected operation ${verb}, node ${quoted(node)} can only create and delete mirror pods`)
  const given = object as unknown as Pod
  if (given.metadata.annotations?.['kubernetes.io/config.mirror'] === undefined)
    throw refuse(
      operation,
      `pod does not have "kubernetes.io/config.mirror" annotation, node ${quoted(node)} can only create mirror pods`,
    )
  if (given.spec.nodeName !== node)
    throw refuse(operation, `node ${quoted(node)} can only create pods with spec.nodeName set to itself`)
  const owners = given.metadata.ownerReferences ?? []
  if (owners.some(owner => owner.kind !== 'Node' || owner.name !== node || !owner.controller) || owners.length > 1)
    throw refuse(operation, `node ${quoted(node)} can only create pods with an owner reference set to itself`)
  const { serviceAccountName, volumes } = given.spec
  if (serviceAccountName)
    throw refuse(operation, `node ${quoted(node)} can not create pods that reference a service account`)
  for (const volume of volumes ?? []) {
    const what = volume.secret
      ? 'secrets'
      : volume.configMap
        ? 'configmaps'
        : volume.persistentVolumeClaim
          ? 'persistentvolumeclaims'
          : undefined
    if (what) throw refuse(operation, `node ${quoted(node)} can not create pods that reference ${what}`)
  }
}

const podStatus: Check = (operation, node) => {
  const old = operation.oldObject as Pod
  demandOwnPod(operation, node, old, 'update pod status')
  if (!deepEqual(operation.object?.metadata.labels ?? {}, old.metadata.labels ?? {}))
    throw refuse(operation, `node ${quoted(node)} cannot update labels through pod status`)
}

const eviction: Check = (operation, node, lister) => {
  const { name, namespace } = operation
  demandOwnPod(operation, node, lister.get(pods, name, namespace), 'evict pods')
}

function demandOwnPod(operation: Operation, node: string, found: Pod | undefined, what: string): void {
  if (!found) throw refuse(operation, `node ${quoted(node)} can only ${what} with spec.nodeName set to itself`)
  if (found.spec.nodeName === node) return
  throw refuse(operation, `node ${quoted(node)} can only ${what} with spec.nodeName set to itself`)
}

const ownNode: Check = (operation, node) => {
  const { operation: verb, name, object, oldObject } = operation
  if (name !== node) throw refuse(operation, `node ${quoted(node)} is not allowed to modify node ${quoted(name)}`)
  // A machine that is reset takes its Node along.
  if (verb === 'DELETE') return
  const given = object as unknown as Node
  const old = oldObject as Node | undefined
  const before = old?.metadata.labels ?? {}
  const after = given.metadata.labels ?? {}
  const changed = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    key => before[key] !== after[key],
  )
  const wrong = changed.filter(key => !isKubeletLabel(key)).sort()
  if (wrong.length > 0) {
    const doing = verb === 'CREATE' ? 'set the following labels' : 'modify labels'
    throw refuse(operation, `is not allowed to ${doing}: ${wrong.join(', ')}`)
  }
  if (old && !deepEqual(old.spec?.taints ?? [], given.spec?.taints ?? []))
    throw refuse(operation, `node ${quoted(node)} is not allowed to modify taints`)
}

const ownName =
  (what: string): Check =>
  (operation, node) => {
    if (operation.name !== node)
      throw refuse(operation, `can only access ${what} with the same name as the requesting node`)
  }

interface TokenSpec {
  readonly spec?: {
    readonly boundObjectRef?: { readonly kind?: string; readonly name?: string; readonly uid?: string }
  }
}

const token: Check = (operation, node, lister) => {
  const ref = (operation.object as unknown as TokenSpec).spec?.boundObjectRef
  if (ref?.kind !== 'Pod' || !ref.name) throw refuse(operation, 'node requested token not bound to a pod')
  if (!ref.uid) throw refuse(operation, 'node requested token with a pod binding without a uid')
  const found = lister.get(pods, ref.name, operation.namespace)
  if (!found || found.metadata.uid !== ref.uid)
    throw refuse(
      operation,
      `the UID in the bound object reference (${ref.uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    )
  if (found.spec.nodeName !== node)
    throw refuse(operation, 'node requested token bound to a pod scheduled on a different node')
}

const slice: Check = (operation, node) => {
  if (operation.operation !== 'CREATE') return
  const { nodeName } = (operation.object as unknown as ResourceSlice).spec
  if (nodeName !== node)
    throw refuse(operation, 'can only create ResourceSlice with the same NodeName as the requesting node')
}

const checks: Readonly<Record<string, Check>> = {
  '/pods': pod,
  '/pods/status': podStatus,
  '/pods/eviction': eviction,
  '/nodes': ownNode,
  '/nodes/status': ownNode,
  '/serviceaccounts/token': token,
  'coordination.k8s.io/leases': ownName('lease'),
  'storage.k8s.io/csinodes': ownName('CSINode'),
  'resource.k8s.io/resourceslices': slice,
}

const quoted = (text: string) => JSON.stringify(text)

/** Kubelets change their own node and pods only. */
export function nodeRestriction(lister: Lister): Plugin {
  return {
    name: 'NodeRestriction',
    operations: ['CREATE', 'UPDATE', 'DELETE'],
    resources: Object.keys(checks),
    validate(operation) {
      const node = nodeIdentity(operation.user)
      if (!node) return
      if (!node.name) throw refuse(operation, `could not determine node from user ${quoted(operation.user.name)}`)
      const { resource, subresource } = operation
      const check = checks[`${resource.group}/${resource.plural}${subresource && `/${subresource}`}`]!
      const loading = lister.ready([pods])
      if (loading) return loading.then(() => check(operation, node.name, lister))
      check(operation, node.name, lister)
    },
  }
}
