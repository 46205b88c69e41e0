import { always, atomicList, map, required, string } from '../../../schema/schema.ts'
import { ageColumn, nameColumn, text } from '../../columns.ts'
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

/** `pods: 1/10, requests.cpu: 100m/1` */
function usedText({ status }: ResourceQuota, shown: (name: string) => boolean): string {
  return Object.entries(status.hard ?? {})
    .filter(([name]) => shown(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, hard]) => `${name}: ${status.used?.[name] ?? '0'}/${hard}`)
    .join(', ')
}

export const resourceQuotas = core.resource(ResourceQuota, {
  plural: 'resourcequotas',
  short: ['quota'],
  namespaced: true,
  status: true,
  columns: [
    nameColumn,
    text('Request', quota => usedText(quota, name => !name.startsWith('limits.'))),
    text('Limit', quota => usedText(quota, name => name.startsWith('limits.'))),
    ageColumn,
  ],
})
