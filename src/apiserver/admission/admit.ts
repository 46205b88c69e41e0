import type { Admission } from '../admission.ts'
import { escalation } from '../authorization/escalation.ts'
import type { Authorizer } from '../authorizer.ts'
import type { Lister } from '../lister.ts'
import { certificateApproval, certificateSigning, certificateSubjectRestriction } from './certificates.ts'
import { defaultIngressClass } from './default-ingress-class.ts'
import { defaultTolerationSeconds } from './default-toleration-seconds.ts'
import { limitRanger } from './limit-ranger.ts'
import { nodeRestriction } from './node-restriction.ts'
import { chain, type Plugin } from './plugin.ts'
import { podSecurity } from './pod-security/pod-security.ts'
import { priority } from './priority.ts'
import { resourceQuota } from './resource-quota.ts'
import { runtimeClass } from './runtime-class.ts'
import { serviceAccount } from './service-account.ts'
import type { SharedStore } from './shared-reservations.ts'
import { defaultStorageClass, storageObjectInUseProtection } from './storage.ts'
import { taintNodesByCondition } from './taint-nodes-by-condition.ts'

/** Upstream's plugins that are on by default, in its order. Lifecycle of namespaces is the registry's own affair. */
export function createAdmission(
  lister: Lister,
  authorizer: Authorizer,
  without: ReadonlySet<string> = new Set(),
  store?: SharedStore,
): Admission {
  const rights: Plugin = {
    ...escalation(lister, authorizer),
    name: 'RbacEscalation',
    operations: ['CREATE', 'UPDATE'],
    resources: ['roles', 'clusterroles', 'rolebindings', 'clusterrolebindings'].map(
      plural => `rbac.authorization.k8s.io/${plural}`,
    ),
  }
  const all: readonly Plugin[] = [
    limitRanger(lister),
    serviceAccount(lister),
    nodeRestriction(lister),
    taintNodesByCondition,
    podSecurity(lister),
    priority(lister),
    defaultTolerationSeconds,
    storageObjectInUseProtection,
    runtimeClass(lister),
    certificateApproval(authorizer),
    certificateSigning(authorizer),
    certificateSubjectRestriction,
    defaultIngressClass(lister),
    defaultStorageClass(lister),
    rights,
    resourceQuota(lister, store),
  ]
  return chain(all.filter(({ name }) => !without.has(name)))
}
