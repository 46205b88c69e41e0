import type { ClusterRole, PolicyRule } from '../../api/rbac/v1/cluster-role.ts'
import type { Role } from '../../api/rbac/v1/role.ts'
import { type FieldError, fieldInvalid, fieldRequired } from '../../machinery/field-error.ts'
import { validateLabelSelector } from '../../machinery/label-selector.ts'
import type { Strategy } from '../registry/strategy.ts'
import { type Errors, each, filled } from '../validation/rules.ts'

/** Rules about resources of a namespace. */
export const roleStrategy: Strategy<Role> = {
  name: 'path',
  validate: ({ rules }) => each(rules, 'rules', (rule, at) => validateRule(rule, at, true)),
}

/** Rules about all resources and URLs, or where they are gathered from. */
export const clusterRoleStrategy: Strategy<ClusterRole> = {
  name: 'path',
  validate({ rules, aggregationRule }) {
    const selectors = 'aggregationRule.clusterRoleSelectors'
    return [
      ...each(rules, 'rules', (rule, at) => validateRule(rule, at, false)),
      ...(aggregationRule && !aggregationRule.clusterRoleSelectors?.length
        ? [fieldRequired(selectors, 'at least one clusterRoleSelector required if aggregationRule is non-nil')]
        : []),
      ...each(aggregationRule?.clusterRoleSelectors, selectors, validateLabelSelector),
    ]
  },
}

function validateRule(rule: PolicyRule, path: string, namespaced: boolean): Errors {
  const { verbs, apiGroups, resources, nonResourceURLs } = rule
  const errors: FieldError[] = [...filled(verbs, `${path}.verbs`, 'verbs must contain at least one value')]
  if (nonResourceURLs?.length) {
    const at = `${path}.nonResourceURLs`
    if (namespaced) {
      errors.push(fieldInvalid(at, nonResourceURLs, 'namespaced rules cannot apply to non-resource URLs'))
    }
    if (apiGroups?.length || resources?.length || rule.resourceNames?.length) {
      const why = 'rules cannot apply to both regular resources and non-resource URLs'
      errors.push(fieldInvalid(at, nonResourceURLs, why))
    }
    return errors
  }
  if (!apiGroups?.length) {
    errors.push(fieldRequired(`${path}.apiGroups`, 'resource rules must supply at least one api group'))
  }
  if (!resources?.length) {
    errors.push(fieldRequired(`${path}.resources`, 'resource rules must supply at least one resource'))
  }
  return errors
}
