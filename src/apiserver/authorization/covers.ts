import type { PolicyRule } from '../../api/rbac/v1/cluster-role.ts'
import { urlCovers } from './rule.ts'

/** Whether rules that someone holds give everything that another rule gives. */
export function covers(held: readonly PolicyRule[], rule: PolicyRule): boolean {
  return uncovered(held, rule).length === 0
}

/** What a rule gives beyond rules that someone holds, as rules of one verb on one thing each. */
export function uncovered(held: readonly PolicyRule[], rule: PolicyRule): PolicyRule[] {
  return pieces(rule).filter(piece => !held.some(one => coversPiece(one, piece)))
}

function pieces({ verbs, apiGroups, resources, resourceNames, nonResourceURLs }: PolicyRule): PolicyRule[] {
  const found: PolicyRule[] = []
  for (const verb of verbs ?? []) {
    for (const group of apiGroups ?? [])
      for (const resource of resources ?? []) {
        const piece = { apiGroups: [group], resources: [resource], verbs: [verb] }
        if (!resourceNames?.length) found.push(piece)
        else for (const name of resourceNames) found.push({ ...piece, resourceNames: [name] })
      }
    for (const url of nonResourceURLs ?? []) found.push({ nonResourceURLs: [url], verbs: [verb] })
  }
  return found
}

const includes = (list: readonly string[] | undefined, wanted: string | undefined) =>
  list !== undefined && wanted !== undefined && (list.includes('*') || list.includes(wanted))

function coversPiece(held: PolicyRule, piece: PolicyRule): boolean {
  if (!includes(held.verbs, piece.verbs[0])) return false
  const url = piece.nonResourceURLs?.[0]
  if (url !== undefined) return (held.nonResourceURLs ?? []).some(one => urlCovers(one, url))
  if (!includes(held.apiGroups, piece.apiGroups?.[0])) return false
  if (!coversResource(held.resources ?? [], piece.resources![0]!)) return false
  if (!held.resourceNames?.length) return true
  const name = piece.resourceNames?.[0]
  return name !== undefined && held.resourceNames.includes(name)
}

function coversResource(held: readonly string[], wanted: string): boolean {
  if (held.includes(wanted) || held.includes('*')) return true
  const at = wanted.indexOf('/')
  return at > 0 && held.includes(`*${wanted.slice(at)}`)
}

/** Rules with the pieces of the same thing put together again, in order, as refusals show them. */
export function compactRules(rules: readonly PolicyRule[]): PolicyRule[] {
  const together = new Map<string, PolicyRule>()
  for (const rule of rules) {
    const { verbs, ...rest } = rule
    const key = JSON.stringify([rest.apiGroups, rest.resources, rest.resourceNames, rest.nonResourceURLs])
    const known = together.get(key)
    together.set(key, known ? { ...known, verbs: [...new Set([...known.verbs, ...verbs])] } : rule)
  }
  return [...together.values()]
}

/** A rule as upstream's refusals print it. */
export function ruleText({ apiGroups, resources, nonResourceURLs, resourceNames, verbs }: PolicyRule): string {
  const part = (name: string, list: readonly string[] | undefined) =>
    list?.length ? [`${name}:[${list.map(one => JSON.stringify(one)).join(' ')}]`] : []
  const parts = [
    ...part('APIGroups', apiGroups),
    ...part('Resources', resources),
    ...part('NonResourceURLs', nonResourceURLs),
    ...part('ResourceNames', resourceNames),
    ...part('Verbs', verbs),
  ]
  return `{${parts.join(', ')}}`
}
