import { always, atomicList, map, required, string } from '../../../schema/schema.ts'
import { core } from '../../group-version.ts'
import { quantity } from '../../meta/v1/scalars.ts'

export class ScopedResourceSelectorRequirement extends core.type({
  operator: required(string()),
  scopeName: required(string()),
  values: atomicList(string()),
}) {}

export class ScopeSelector extends core.type(
  {
    matchExpressions: atomicList(ScopedResourceSelectorRequirement),
  },
  { mapType: 'atomic' },
) {}

export class ResourceQuotaSpec extends core.type({
  hard: map(quantity()),
  scopeSelector: ScopeSelector,
  scopes: atomicList(string()),
}) {}

export class ResourceQuotaStatus extends core.type({
  hard: map(quantity()),
  used: map(quantity()),
}) {}

export class ResourceQuota extends core.object({
  spec: always(ResourceQuotaSpec),
  status: always(ResourceQuotaStatus),
}) {}

export const resourceQuotas = core.resource(ResourceQuota, {
  plural: 'resourcequotas',
  short: ['quota'],
  namespaced: true,
  status: true,
})
