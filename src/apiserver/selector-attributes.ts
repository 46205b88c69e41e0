import { parseFieldSelector } from '../machinery/field-selector.ts'
import { type LabelOperator, parseLabelSelector } from '../machinery/label-selector.ts'
import type { Attributes } from './authorizer.ts'

const operators: Readonly<Partial<Record<LabelOperator, string>>> = {
  '=': 'In',
  '==': 'In',
  '!=': 'NotIn',
  in: 'In',
  notin: 'NotIn',
  exists: 'Exists',
  '!': 'DoesNotExist',
}

/**
 * What the selectors of a collection request mean for authorization. A selector for one name is a request for that
 * object; one that cannot be read limits nothing (and is refused later).
 */
export function selectorAttributes(
  param: (name: string) => string | null | undefined,
): Pick<Attributes, 'name' | 'fieldSelector' | 'labelSelector'> {
  const fields = param('fieldSelector')
  const labels = param('labelSelector')
  if (!fields && !labels) return {}
  const fieldSelector = fields ? attempt(() => fieldRequirements(fields)) : undefined
  const labelSelector = labels ? attempt(() => labelRequirements(labels)) : undefined
  const name = fieldSelector?.find(one => one.key === 'metadata.name' && one.operator === 'In')?.values[0]
  return { ...(name && { name }), ...(fieldSelector && { fieldSelector }), ...(labelSelector && { labelSelector }) }
}

function fieldRequirements(text: string) {
  return parseFieldSelector(text).map(({ field, operator, value }) => ({
    key: field,
    operator: operator === '=' ? 'In' : 'NotIn',
    values: [value],
  }))
}

function labelRequirements(text: string) {
  return parseLabelSelector(text).flatMap(({ key, operator, values }) => {
    const known = operators[operator]
    return known ? [{ key, operator: known, values }] : []
  })
}

function attempt<T>(parse: () => T): T | undefined {
  try {
    return parse()
  } catch {
    return undefined
  }
}
