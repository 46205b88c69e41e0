import type { Affinity, PodAffinityTerm } from '../../api/core/v1/affinity.ts'
import type { NodeSelectorTerm } from '../../api/core/v1/node-selector.ts'
import type { TopologySpreadConstraint } from '../../api/core/v1/pod-spec.ts'
import type { Toleration } from '../../api/core/v1/toleration.ts'
import {
  type FieldError,
  fieldDuplicate,
  fieldForbidden,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
} from '../../machinery/field-error.ts'
import { validateLabelSelector } from '../../machinery/label-selector.ts'
import { labelValue, qualifiedName } from '../../machinery/names.ts'
import { between, type Errors, each, filled, named, none, oneOf } from './rules.ts'

/** Where a pod may run: affinity, tolerations, spread. */

const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute']

/** A taint that a pod puts up with. */
export function validateToleration(
  { key, operator, value, effect, tolerationSeconds }: Toleration,
  path: string,
): Errors {
  const errors: FieldError[] = [...named(key || undefined, `${path}.key`, qualifiedName)]
  if (!key && operator !== 'Exists') {
    const why = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
    errors.push(fieldInvalid(`${path}.operator`, operator ?? '', why))
  }
  if (tolerationSeconds !== undefined && effect !== 'NoExecute') {
    errors.push(
      fieldInvalid(`${path}.effect`, effect ?? '', "effect must be 'NoExecute' when `tolerationSeconds` is set"),
    )
  }
  if (operator === undefined || operator === '' || operator === 'Equal') {
    errors.push(...named(value, `${path}.operator`, labelValue))
  } else if (operator === 'Exists') {
    if (value) errors.push(fieldInvalid(`${path}.operator`, value, "value must be empty when `operator` is 'Exists'"))
  } else if (operator !== 'Lt' && operator !== 'Gt') {
    errors.push(fieldNotSupported(`${path}.operator`, operator, ['Equal', 'Exists']))
  }
  errors.push(...oneOf(effect || undefined, `${path}.effect`, effects))
  return errors
}

const nodeOperators = ['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt']

/** One alternative of a node selector: its expressions. */
export function validateNodeSelectorTerm(term: NodeSelectorTerm, path: string): Errors {
  return [
    ...each(term.matchExpressions, `${path}.matchExpressions`, validateNodeRequirement),
    ...each(term.matchFields, `${path}.matchFields`, ({ key, values }, at) => {
      if (key !== 'metadata.name') return [fieldInvalid(`${at}.key`, key, 'not a valid field selector key')]
      return values?.length === 1
        ? none
        : [
            fieldRequired(
              `${at}.values`,
              "must be only one value when `operator` is 'In' or 'NotIn' for node field selector",
            ),
          ]
    }),
  ]
}

type NodeRequirement = NonNullable<NodeSelectorTerm['matchExpressions']>[number]

function validateNodeRequirement({ key, operator, values = [] }: NodeRequirement, path: string): Errors {
  const errors: FieldError[] = [...named(key || undefined, `${path}.key`, qualifiedName)]
  const at = `${path}.values`
  if (!nodeOperators.includes(operator)) {
    if (operator) errors.push(fieldInvalid(`${path}.operator`, operator, 'not a valid selector operator'))
  } else if (operator === 'In' || operator === 'NotIn') {
    if (values.length === 0) errors.push(fieldRequired(at, "must be specified when `operator` is 'In' or 'NotIn'"))
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    if (values.length > 0)
      errors.push(fieldForbidden(at, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"))
  } else if (values.length !== 1) {
    errors.push(fieldRequired(at, "must be specified single value when `operator` is 'Lt' or 'Gt'"))
  }
  return errors
}

/** Nodes and pods that a pod wants, or does not want, to be with. */
export function validateAffinity(affinity: Affinity | undefined, path: string): Errors {
  if (!affinity) return none
  const { nodeAffinity, podAffinity, podAntiAffinity } = affinity
  const must = nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  const mustPath = `${path}.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms`
  const likes = nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution
  return [
    ...filled(must?.nodeSelectorTerms, mustPath, 'must have at least one node selector term'),
    ...each(must?.nodeSelectorTerms, mustPath, validateNodeSelectorTerm),
    ...each(likes, `${path}.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution`, (term, at) => [
      ...weight(term.weight, `${at}.weight`),
      ...validateNodeSelectorTerm(term.preference ?? {}, `${at}.preference`),
    ]),
    ...validatePodTerms(podAffinity, `${path}.podAffinity`),
    ...validatePodTerms(podAntiAffinity, `${path}.podAntiAffinity`),
  ]
}

const weight = (value: number, path: string): Errors =>
  value < 1 || value > 100 ? [fieldInvalid(path, value, 'must be in the range 1-100')] : none

function validatePodTerms(affinity: Affinity['podAffinity'], path: string): Errors {
  const {
    requiredDuringSchedulingIgnoredDuringExecution: must,
    preferredDuringSchedulingIgnoredDuringExecution: likes,
  } = affinity ?? {}
  return [
    ...each(must, `${path}.requiredDuringSchedulingIgnoredDuringExecution`, validatePodTerm),
    ...each(likes, `${path}.preferredDuringSchedulingIgnoredDuringExecution`, (term, at) => [
      ...weight(term.weight, `${at}.weight`),
      ...(term.podAffinityTerm ? validatePodTerm(term.podAffinityTerm, `${at}.podAffinityTerm`) : none),
    ]),
  ]
}

function validatePodTerm({ labelSelector, namespaceSelector, topologyKey }: PodAffinityTerm, path: string): Errors {
  return [
    ...(labelSelector ? validateLabelSelector(labelSelector, `${path}.labelSelector`) : none),
    ...(namespaceSelector ? validateLabelSelector(namespaceSelector, `${path}.namespaceSelector`) : none),
    ...named(topologyKey || undefined, `${path}.topologyKey`, qualifiedName),
  ]
}

/** How evenly pods are to stand. */
export function validateSpread(constraints: readonly TopologySpreadConstraint[] | undefined, path: string): Errors {
  const seen = new Set<string>()
  return each(constraints, path, ({ maxSkew, topologyKey, whenUnsatisfiable, labelSelector, minDomains }, at) => {
    const errors: FieldError[] = []
    if (maxSkew <= 0) errors.push(fieldInvalid(`${at}.maxSkew`, maxSkew, 'must be greater than zero'))
    const pair = `{${topologyKey}, ${whenUnsatisfiable}}`
    if (seen.has(pair)) errors.push(fieldDuplicate(`${at}.{topologyKey, whenUnsatisfiable}`, pair))
    seen.add(pair)
    errors.push(
      ...oneOf(whenUnsatisfiable || undefined, `${at}.whenUnsatisfiable`, ['DoNotSchedule', 'ScheduleAnyway']),
    )
    errors.push(...between(minDomains, `${at}.minDomains`, 1, 2 ** 31 - 1))
    if (labelSelector) errors.push(...validateLabelSelector(labelSelector, `${at}.labelSelector`))
    return errors
  })
}
