import type { Node, NodeSpec } from '../../api/core/v1/node.ts'
import type { Taint } from '../../api/core/v1/taint.ts'
import { type FieldError, fieldDuplicate, fieldForbidden } from '../../machinery/field-error.ts'
import { labelValue, qualifiedName } from '../../machinery/names.ts'
import { deepEqual } from '../cache/json.ts'
import type { Draft, Strategy } from '../registry/strategy.ts'
import { type Errors, each, named, none, oneOf } from '../validation/rules.ts'

/** Nodes come with their status; of their spec little may change. */
export const nodeStrategy: Strategy<Node> = {
  generation: false,
  statusOnCreate: true,
  prepareCreate: node => pairCidrs(node.spec),
  prepareUpdate: node => pairCidrs(node.spec),
  validate: ({ spec }) => validateTaints(spec.taints, 'spec.taints'),
  validateUpdate: ({ spec }, old) => validateSpecUpdate(spec, old.spec),
}

/** podCIDR is the first of podCIDRs: either may be given. */
function pairCidrs(spec: Draft<NodeSpec>): void {
  if (spec.podCIDR && !spec.podCIDRs?.length) spec.podCIDRs = [spec.podCIDR]
  else if (!spec.podCIDR && spec.podCIDRs?.[0]) spec.podCIDR = spec.podCIDRs[0]
}

function validateTaints(taints: readonly Taint[] | undefined, path: string): Errors {
  const seen = new Set<string>()
  return each(taints, path, (taint, at) => {
    const { key, value, effect } = taint
    const errors: FieldError[] = [
      ...named(key || undefined, `${at}.key`, qualifiedName),
      ...named(value, `${at}.value`, labelValue),
      ...oneOf(effect || undefined, `${at}.effect`, ['NoSchedule', 'PreferNoSchedule', 'NoExecute']),
    ]
    if (seen.has(`${effect}/${key}`)) errors.push(fieldDuplicate(`${at}`, taint))
    seen.add(`${effect}/${key}`)
    return errors
  })
}

const onlyOnce = (field: string) => `node updates may not change ${field} except from "" to valid`

function validateSpecUpdate(spec: NodeSpec, old: NodeSpec): Errors {
  const errors: FieldError[] = []
  if (old.podCIDRs?.length && !deepEqual(spec.podCIDRs, old.podCIDRs)) {
    errors.push(fieldForbidden('spec.podCIDRs', onlyOnce('podCIDR')))
  }
  if (old.providerID && spec.providerID !== old.providerID) {
    errors.push(fieldForbidden('spec.providerID', onlyOnce('providerID')))
  }
  const changeable = {
    podCIDR: '',
    podCIDRs: [],
    providerID: '',
    taints: [],
    unschedulable: false,
    configSource: undefined,
  }
  if (deepEqual({ ...spec, ...changeable }, { ...old, ...changeable })) return errors.length ? errors : none
  const why = 'node updates may only change labels, taints, or capacity'
  return [
    ...errors,
    fieldForbidden('spec', `${why} (or configSource, if the DynamicKubeletConfig feature gate is enabled)`),
  ]
}
