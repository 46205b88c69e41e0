import { selectorText } from '../api/columns.ts'
import { type FieldError, fieldForbidden, fieldInvalid, fieldRequired } from './field-error.ts'
import { parseRequirements } from './label-selector-parser.ts'
import { labelValue, qualifiedName } from './names.ts'

/** The operators of the text form, as upstream calls them; `exists` and `!` take no values. */
export type LabelOperator = '=' | '==' | '!=' | 'in' | 'notin' | 'exists' | '!' | 'gt' | 'lt'

/** One thing a selector asks of labels. */
export interface LabelRequirement {
  readonly key: string
  readonly operator: LabelOperator
  readonly values: readonly string[]
}

/** All of them must hold; an empty selector matches everything. */
export type LabelSelector = readonly LabelRequirement[]
/** Labels as objects carry them. */
export type Labels = Readonly<Record<string, string>>

/** metav1.LabelSelector, as objects carry it. */
export interface LabelSelectorObject {
  readonly matchLabels?: Labels | undefined
  readonly matchExpressions?:
    | readonly { readonly key: string; readonly operator: string; readonly values?: readonly string[] | undefined }[]
    | undefined
}

/** Matches every object. */
export const everything: LabelSelector = []
/** Matches no object: what a missing metav1.LabelSelector means. */
export const nothing: LabelSelector = [{ key: '', operator: 'in', values: [] }]

type Holds = (requirement: LabelRequirement, value: string | undefined) => boolean
const isOneOf: Holds = ({ values }, value) => value !== undefined && values.includes(value)
const isNoneOf: Holds = ({ values }, value) => value === undefined || !values.includes(value)
const whole = /^[+-]?\d+$/
const compared =
  (than: (a: bigint, b: bigint) => boolean): Holds =>
  ({ values }, value) =>
    value !== undefined && whole.test(value) && whole.test(values[0]!) && than(BigInt(value), BigInt(values[0]!))

const holds: Record<LabelOperator, Holds> = {
  '=': isOneOf,
  '==': isOneOf,
  in: isOneOf,
  '!=': isNoneOf,
  notin: isNoneOf,
  exists: (_, value) => value !== undefined,
  '!': (_, value) => value === undefined,
  gt: compared((a, b) => a > b),
  lt: compared((a, b) => a < b),
}

/** Whether an object with these labels is selected. */
export function matchesLabels(selector: LabelSelector, labels: Labels | undefined): boolean {
  for (const requirement of selector) {
    if (!holds[requirement.operator](requirement, labels?.[requirement.key])) return false
  }
  return true
}

/** Reads `a=b,c in (x,y),!d`. Throws an Error with upstream's words when the text is no selector. */
export function parseLabelSelector(text: string): LabelSelector {
  return parseRequirements(text)
}

const operators: Readonly<Record<string, LabelOperator>> = {
  In: 'in',
  NotIn: 'notin',
  Exists: 'exists',
  DoesNotExist: '!',
}

/** The requirements of a selector object: none given selects nothing, an empty one everything. */
export function labelSelectorOf(object: LabelSelectorObject | undefined): LabelSelector {
  if (!object) return nothing
  const requirements: LabelRequirement[] = []
  for (const [key, value] of Object.entries(object.matchLabels ?? {})) {
    requirements.push({ key, operator: '=', values: [value] })
  }
  for (const { key, operator, values } of object.matchExpressions ?? []) {
    requirements.push({ key, operator: operators[operator] ?? 'in', values: values ?? [] })
  }
  return requirements
}

/** The selector of a map of labels (Services, ReplicationControllers): none or an empty one selects nothing. */
export function labelSelectorOfMap(labels: Labels | undefined): LabelSelector {
  const entries = Object.entries(labels ?? {})
  return entries.length ? entries.map(([key, value]) => ({ key, operator: '=', values: [value] })) : nothing
}

/** The text form, in order of keys. */
export function labelSelectorText(selector: LabelSelector): string {
  const sorted = [...selector].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
  return sorted.map(requirementText).join(',')
}

function requirementText({ key, operator, values }: LabelRequirement): string {
  switch (operator) {
    case 'exists':
      return key
    case '!':
      return `!${key}`
    case 'in':
    case 'notin':
      return `${key} ${operator} (${[...values].sort().join(',')})`
    case 'gt':
      return `${key}>${values[0]}`
    case 'lt':
      return `${key}<${values[0]}`
    default:
      return `${key}${operator}${values[0]}`
  }
}

/** How kubectl shows a selector object: `<none>` when it selects nothing in particular. */
export function formatLabelSelector(object: LabelSelectorObject | undefined): string {
  return selectorText(object)
}

/** What is wrong with a selector object. */
export function validateLabelSelector(object: LabelSelectorObject, path: string): readonly FieldError[] {
  const errors: FieldError[] = []
  for (const [key, value] of Object.entries(object.matchLabels ?? {})) {
    errors.push(...qualifiedName(key).map(why => fieldInvalid(`${path}.matchLabels`, key, why)))
    errors.push(...labelValue(value).map(why => fieldInvalid(`${path}.matchLabels`, value, why)))
  }
  for (const [i, { key, operator, values = [] }] of (object.matchExpressions ?? []).entries()) {
    const at = `${path}.matchExpressions[${i}]`
    errors.push(...operatorErrors(operator, values, at))
    errors.push(...qualifiedName(key).map(why => fieldInvalid(`${at}.key`, key, why)))
    for (const [j, value] of values.entries()) {
      errors.push(...labelValue(value).map(why => fieldInvalid(`${at}.values[${j}]`, value, why)))
    }
  }
  return errors
}

function operatorErrors(operator: string, values: readonly string[], at: string): readonly FieldError[] {
  if (!(operator in operators)) return [fieldInvalid(`${at}.operator`, operator, 'not a valid selector operator')]
  const takesValues = operator === 'In' || operator === 'NotIn'
  if (takesValues && values.length === 0) {
    return [fieldRequired(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'")]
  }
  if (!takesValues && values.length > 0) {
    return [fieldForbidden(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")]
  }
  return []
}
