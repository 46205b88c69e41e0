import type { PolicyRule } from '../../api/rbac/v1/cluster-role.ts'

/** A resource, or its subresource, that something is to be done with. */
export interface Target {
  readonly verb: string
  readonly group: string
  readonly resource: string
  readonly subresource: string
}

const has = (list: readonly string[] | undefined, wanted: string) =>
  list !== undefined && (list.includes('*') || list.includes(wanted))

/** Whether a rule is about the verb and resource; its resourceNames are for the caller to look at. */
export function ruleMatches(rule: PolicyRule, { verb, group, resource, subresource }: Target): boolean {
  return has(rule.verbs, verb) && has(rule.apiGroups, group) && resourceMatches(rule.resources, resource, subresource)
}

function resourceMatches(list: readonly string[] | undefined, resource: string, subresource: string): boolean {
  if (!list) return false
  if (subresource === '') return has(list, resource)
  return has(list, `${resource}/${subresource}`) || list.includes(`*/${subresource}`)
}

/** Whether a rule allows the verb on a path that is no resource; `/healthz/*` covers all below it. */
export function pathMatches(rule: PolicyRule, verb: string, path: string): boolean {
  return has(rule.verbs, verb) && (rule.nonResourceURLs ?? []).some(url => urlCovers(url, path))
}

/** Whether one entry of nonResourceURLs stands for a path (or for another entry). */
export function urlCovers(url: string, path: string): boolean {
  return url === '*' || url === path || (url.endsWith('*') && path.startsWith(url.slice(0, -1)))
}
