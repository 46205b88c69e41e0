/** One condition of a field selector: the field (a dotted path) equals the value, or not. */
export interface FieldRequirement {
  readonly field: string
  readonly operator: '=' | '!='
  readonly value: string
}
/** All of them must hold; an empty selector matches everything. */
export type FieldSelector = readonly FieldRequirement[]

/** Reads `metadata.name=a,status.phase!=Running`; `\` escapes `,`, `=` and itself. Throws an Error in upstream's words. */
export function parseFieldSelector(text: string): FieldSelector {
  return splitTerms(text).flatMap(term => {
    if (term === '') return []
    const match = /^((?:[^\\=!]|\\.)*?)(==|!=|=)(.*)$/s.exec(term)
    if (!match) throw new Error(`invalid selector: '${text}'; can't understand '${term}'`)
    const [, field = '', sign, value = ''] = match
    return [{ field, operator: sign === '!=' ? '!=' : '=', value: unescaped(value, text) } as const]
  })
}

function splitTerms(text: string): readonly string[] {
  return text.match(/(?:[^\\,]|\\.)+/gs) ?? []
}

function unescaped(value: string, selector: string): string {
  if (/\\([^\\,=]|$)/.test(value)) throw new Error(`invalid field selector: invalid escape sequence in ${selector}`)
  if (/^(?:[^\\]|\\.)*?(?<!\\)=/.test(value)) throw new Error(`invalid field selector: unescaped '=' in ${value}`)
  return value.replaceAll(/\\([\\,=])/g, '$1')
}

/** Fields whose value is not simply what stands at their path: another path, or what an absent one counts as. */
const peculiar: Readonly<Record<string, { readonly path?: string; readonly absent?: string }>> = {
  'spec.unschedulable': { absent: 'false' },
  'spec.hostNetwork': { absent: 'false' },
  'status.replicas': { absent: '0' },
  'status.successful': { path: 'status.succeeded', absent: '0' },
  source: { path: 'source.component' },
}

/** The text that field selectors compare: that of the value at the path, '' when nothing is there. */
export function selectableValue(object: object, field: string): string {
  const { path = field, absent = '' } = peculiar[field] ?? {}
  let value: unknown = object
  for (const part of path.split('.')) value = (value as Record<string, unknown> | null | undefined)?.[part]
  if (value === undefined || value === null) return absent
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** Whether the object is selected. */
export function matchesFields(selector: FieldSelector, object: object): boolean {
  return selector.every(
    ({ field, operator, value }) => (selectableValue(object, field) === value) === (operator === '='),
  )
}

/** The text form. */
export function fieldSelectorText(selector: FieldSelector): string {
  return selector.map(({ field, operator, value }) => field + operator + value.replaceAll(/[\\,=]/g, '\\$&')).join(',')
}
