import type { Node } from '../api/core/v1/node.ts'
import type { NodeSelector, NodeSelectorTerm } from '../api/core/v1/node-selector.ts'
import type { PodSpec } from '../api/core/v1/pod-spec.ts'
import type { Labels } from './label-selector.ts'

interface Requirement {
  readonly key: string
  readonly operator: string
  readonly values?: readonly string[] | undefined
}

const compares =
  (than: (a: number, b: number) => boolean) =>
  (value: string | undefined, values: readonly string[]): boolean =>
    value !== undefined && /^[+-]?\d+$/.test(value) && than(Number(value), Number(values[0]))

const operators: Readonly<Record<string, (value: string | undefined, values: readonly string[]) => boolean>> = {
  In: (value, values) => value !== undefined && values.includes(value),
  NotIn: (value, values) => value === undefined || !values.includes(value),
  Exists: value => value !== undefined,
  DoesNotExist: value => value === undefined,
  Gt: compares((a, b) => a > b),
  Lt: compares((a, b) => a < b),
}

function holds(requirement: Requirement, of: Labels): boolean {
  return operators[requirement.operator]?.(of[requirement.key], requirement.values ?? []) ?? false
}

/** All expressions of a term must hold; a term without any matches no node. */
export function termMatches(term: NodeSelectorTerm, node: Node): boolean {
  const { matchExpressions = [], matchFields = [] } = term
  if (matchExpressions.length + matchFields.length === 0) return false
  const labels = node.metadata.labels ?? {}
  const fields = { 'metadata.name': node.metadata.name }
  return matchExpressions.every(r => holds(r, labels)) && matchFields.every(r => holds(r, fields))
}

/** One of its terms must match. */
export function selectorMatches(selector: NodeSelector, node: Node): boolean {
  return selector.nodeSelectorTerms.some(term => termMatches(term, node))
}

/** What a pod asks of its node by nodeSelector and required node affinity. */
export function nodeMatches(spec: Pick<PodSpec, 'nodeSelector' | 'affinity'>, node: Node): boolean {
  const labels = node.metadata.labels ?? {}
  if (!Object.entries(spec.nodeSelector ?? {}).every(([key, value]) => labels[key] === value)) return false
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  return !required || selectorMatches(required, node)
}
