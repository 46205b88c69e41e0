import type { KubernetesObject } from '../../api/group-version.ts'
import { resources } from '../../api/resources.ts'
import type { AnyResource } from '../../schema/resource.ts'
import type { Strategy } from '../registry/strategy.ts'
import { validateObjectMeta } from '../validation/object-meta.ts'
import { certificateSigningRequestStrategy } from './certificate-signing-request.ts'
import { configMapStrategy } from './config-map.ts'
import { cronJobStrategy } from './cron-job.ts'
import { customResourceDefinitionStrategy } from './custom-resource-definition.ts'
import { daemonSetStrategy } from './daemon-set.ts'
import { deploymentStrategy } from './deployment.ts'
import { endpointSliceStrategy } from './endpoint-slice.ts'
import { endpointsStrategy } from './endpoints.ts'
import { eventStrategy, eventV1Strategy } from './event.ts'
import { horizontalPodAutoscalerStrategy, horizontalPodAutoscalerV1Strategy } from './horizontal-pod-autoscaler.ts'
import { ingressStrategy } from './ingress.ts'
import { ipAddressStrategy } from './ip-address.ts'
import { jobStrategy } from './job.ts'
import { leaseStrategy } from './lease.ts'
import { limitRangeStrategy } from './limit-range.ts'
import { namespaceStrategy } from './namespace.ts'
import { networkPolicyStrategy } from './network-policy.ts'
import { nodeStrategy } from './node.ts'
import { persistentVolumeStrategy } from './persistent-volume.ts'
import { persistentVolumeClaimStrategy } from './persistent-volume-claim.ts'
import { podStrategy } from './pod.ts'
import { podDisruptionBudgetStrategy } from './pod-disruption-budget.ts'
import { podTemplateStrategy } from './pod-template.ts'
import { priorityClassStrategy } from './priority-class.ts'
import { replicaSetStrategy } from './replica-set.ts'
import { replicationControllerStrategy } from './replication-controller.ts'
import { resourceQuotaStrategy } from './resource-quota.ts'
import { clusterRoleStrategy, roleStrategy } from './role.ts'
import { clusterRoleBindingStrategy, roleBindingStrategy } from './role-binding.ts'
import { secretStrategy } from './secret.ts'
import { serviceStrategy } from './service.ts'
import { serviceCIDRStrategy } from './service-cidr.ts'
import { statefulSetStrategy } from './stateful-set.ts'
import { storageClassStrategy } from './storage-class.ts'

/** By `group/version/plural`; kinds that are not here have no rules of their own. */
const byPlace: Readonly<Record<string, Strategy<never>>> = {
  'v1/pods': podStrategy,
  'v1/podtemplates': podTemplateStrategy,
  'v1/replicationcontrollers': replicationControllerStrategy,
  'v1/services': serviceStrategy,
  'v1/endpoints': endpointsStrategy,
  'v1/configmaps': configMapStrategy,
  'v1/secrets': secretStrategy,
  'v1/namespaces': namespaceStrategy,
  'v1/nodes': nodeStrategy,
  'v1/events': eventStrategy,
  'v1/limitranges': limitRangeStrategy,
  'v1/resourcequotas': resourceQuotaStrategy,
  'v1/persistentvolumes': persistentVolumeStrategy,
  'v1/persistentvolumeclaims': persistentVolumeClaimStrategy,
  'apps/v1/deployments': deploymentStrategy,
  'apps/v1/replicasets': replicaSetStrategy,
  'apps/v1/daemonsets': daemonSetStrategy,
  'apps/v1/statefulsets': statefulSetStrategy,
  'batch/v1/jobs': jobStrategy,
  'batch/v1/cronjobs': cronJobStrategy,
  'autoscaling/v1/horizontalpodautoscalers': horizontalPodAutoscalerV1Strategy,
  'autoscaling/v2/horizontalpodautoscalers': horizontalPodAutoscalerStrategy,
  'policy/v1/poddisruptionbudgets': podDisruptionBudgetStrategy,
  'discovery.k8s.io/v1/endpointslices': endpointSliceStrategy,
  'events.k8s.io/v1/events': eventV1Strategy,
  'coordination.k8s.io/v1/leases': leaseStrategy,
  'networking.k8s.io/v1/ingresses': ingressStrategy,
  'networking.k8s.io/v1/networkpolicies': networkPolicyStrategy,
  'networking.k8s.io/v1/ipaddresses': ipAddressStrategy,
  'networking.k8s.io/v1/servicecidrs': serviceCIDRStrategy,
  'rbac.authorization.k8s.io/v1/roles': roleStrategy,
  'rbac.authorization.k8s.io/v1/clusterroles': clusterRoleStrategy,
  'rbac.authorization.k8s.io/v1/rolebindings': roleBindingStrategy,
  'rbac.authorization.k8s.io/v1/clusterrolebindings': clusterRoleBindingStrategy,
  'certificates.k8s.io/v1/certificatesigningrequests': certificateSigningRequestStrategy,
  'scheduling.k8s.io/v1/priorityclasses': priorityClassStrategy,
  'storage.k8s.io/v1/storageclasses': storageClassStrategy,
  'storage.k8s.io/v1/volumeattachments': { generation: false },
  'apiextensions.k8s.io/v1/customresourcedefinitions': customResourceDefinitionStrategy,
  'apiregistration.k8s.io/v1/apiservices': { name: 'path', generation: false },
  'admissionregistration.k8s.io/v1/mutatingwebhookconfigurations': { generation: true },
  'admissionregistration.k8s.io/v1/validatingwebhookconfigurations': { generation: true },
  'admissionregistration.k8s.io/v1/mutatingadmissionpolicies': { generation: true },
  'admissionregistration.k8s.io/v1/mutatingadmissionpolicybindings': { generation: true },
  'admissionregistration.k8s.io/v1/validatingadmissionpolicybindings': { generation: true },
}

/**
 * A strategy with what holds for every object. A status writer is not asked about the rest of the object, which the
 * registry keeps as it was.
 */
export function withCommonRules<T extends KubernetesObject>(strategy: Strategy<T>): Strategy<T> {
  const { validate, validateUpdate } = strategy
  return {
    ...strategy,
    validate(object, context) {
      const metadata = validateObjectMeta(object.metadata)
      if (context.subresource === 'status' || !validate) return metadata
      return [...metadata, ...validate(object, context)]
    },
    ...(validateUpdate && {
      validateUpdate: (object: T, old: T, context: Parameters<typeof validateUpdate>[2]) =>
        context.subresource === 'status' ? [] : validateUpdate(object, old, context),
    }),
  }
}

/** What each kind that is built in adds to the generic way of a write. */
export const strategies: ReadonlyMap<AnyResource, Strategy> = new Map(
  resources.map(resource => {
    const own = byPlace[`${resource.apiVersion}/${resource.plural}`] ?? {}
    return [resource, withCommonRules(own as Strategy)]
  }),
)

const common = withCommonRules({})

/** The strategy of a resource; custom resources have only what holds for all. */
export function strategyOf(resource: AnyResource): Strategy {
  return strategies.get(resource) ?? common
}
