import type { Pod } from '../api/core/v1/pod.ts'
import type { ResourceQuota } from '../api/core/v1/resource-quota.ts'
import type { KubernetesObject } from '../api/group-version.ts'
import { qosClass } from './pod-qos.ts'

type Scope = (pod: Pod) => boolean

const terminating: Scope = ({ spec }) => spec.activeDeadlineSeconds !== undefined
const bestEffort: Scope = ({ spec }) => qosClass(spec) === 'BestEffort'
const scopes: Readonly<Record<string, Scope>> = {
  Terminating: terminating,
  NotTerminating: pod => !terminating(pod),
  BestEffort: bestEffort,
  NotBestEffort: pod => !bestEffort(pod),
  PriorityClass: ({ spec }) => Boolean(spec.priorityClassName),
  CrossNamespacePodAffinity: ({ spec }) => {
    const { podAffinity, podAntiAffinity } = spec.affinity ?? {}
    const terms = [podAffinity, podAntiAffinity].flatMap(one => [
      ...(one?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
      ...(one?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(term => term.podAffinityTerm),
    ])
    return terms.some(term => term?.namespaces?.length || term?.namespaceSelector)
  },
}

const byValue: Readonly<Record<string, (value: string, values: readonly string[]) => boolean>> = {
  In: (value, values) => values.includes(value),
  NotIn: (value, values) => !values.includes(value),
  Exists: value => value !== '',
  DoesNotExist: value => value === '',
}

/** Whether a quota is about an object: quotas with scopes are about pods of these only. */
export function inScopes(quota: ResourceQuota, object: KubernetesObject): boolean {
  const names = quota.spec.scopes ?? []
  const expressions = quota.spec.scopeSelector?.matchExpressions ?? []
  if (names.length === 0 && expressions.length === 0) return true
  if (object.kind !== 'Pod' || object.apiVersion !== 'v1') return false
  const pod = object as Pod
  if (!names.every(name => scopes[name]?.(pod) ?? false)) return false
  return expressions.every(({ scopeName, operator, values = [] }) => {
    if (scopeName === 'PriorityClass') return byValue[operator]?.(pod.spec.priorityClassName ?? '', values) ?? false
    const holds = scopes[scopeName]?.(pod) ?? false
    return operator === 'DoesNotExist' ? !holds : holds
  })
}
