import { type FieldError, fieldInvalid } from './field-error.ts'
import type { LabelOperator, LabelRequirement } from './label-selector.ts'
import { labelValue, qualifiedName } from './names.ts'

/** Reads the text form of label selectors, token by token, so that errors point where upstream's do. */

const symbols = ['==', '!=', '=', '!', '(', ')', ',', '<', '>'] as const
const tokenPattern = /\s*(==|!=|[=!(),<>]|[^\s=!(),<>]+)/y

const binary: Readonly<Record<string, LabelOperator>> = {
  in: 'in',
  notin: 'notin',
  '=': '=',
  '==': '==',
  '!=': '!=',
  '>': 'gt',
  '<': 'lt',
}
const operatorNames = 'in, notin, =, ==, !=, gt, lt'

const isSymbol = (token: string) => (symbols as readonly string[]).includes(token)
const isIdentifier = (token: string) => token !== '' && !isSymbol(token)

/** A cursor over the tokens; the end is the empty token. */
class Tokens {
  readonly #tokens: string[] = []
  #at = 0
  constructor(text: string) {
    for (const match of text.trim().matchAll(new RegExp(tokenPattern, 'g'))) this.#tokens.push(match[1]!)
  }
  get next(): string {
    return this.#tokens[this.#at] ?? ''
  }
  take(): string {
    const token = this.next
    this.#at++
    return token
  }
}

/** The requirements that a selector text lists. */
export function parseRequirements(text: string): readonly LabelRequirement[] {
  const tokens = new Tokens(text)
  const requirements: LabelRequirement[] = []
  if (tokens.next === '') return requirements
  while (true) {
    const token = tokens.next
    if (!isIdentifier(token) && token !== '!') throw found(token, "!, identifier, or 'end of string'")
    requirements.push(requirement(tokens))
    const after = tokens.take()
    if (after === '') return requirements
    if (after !== ',') throw found(after, "',' or 'end of string'")
    if (!isIdentifier(tokens.next) && tokens.next !== '!') throw found(tokens.next, "identifier after ','")
  }
}

const found = (token: string, expected: string) => new Error(`found '${token}', expected: ${expected}`)
const within = (why: string) => new Error(`unable to parse requirement: ${why}`)

function requirement(tokens: Tokens): LabelRequirement {
  const absent = tokens.next === '!'
  if (absent) tokens.take()
  const key = tokens.take()
  if (!isIdentifier(key)) throw within(`found '${key}', expected: identifier`)
  refuse(qualifiedName(key).map(why => fieldInvalid('key', key, why)))
  if (absent) return { key, operator: '!', values: [] }
  if (tokens.next === '' || tokens.next === ',') return { key, operator: 'exists', values: [] }
  const token = tokens.take()
  const operator = binary[token]
  if (!operator) throw within(`found '${token}', expected: ${operatorNames}`)
  const values = operator === 'in' || operator === 'notin' ? valueList(tokens) : [exactValue(tokens)]
  return checked({ key, operator, values })
}

function checked(requirement: LabelRequirement): LabelRequirement {
  const { key, operator, values } = requirement
  if ((operator === 'gt' || operator === 'lt') && !/^[+-]?\d+$/.test(values[0]!)) {
    refuse([fieldInvalid('values[0]', values[0], "for 'Gt', 'Lt' operators, the value must be an integer")])
  }
  refuse(values.flatMap((value, i) => labelValue(value).map(why => fieldInvalid(`values[${i}][${key}]`, value, why))))
  return requirement
}

function refuse(errors: readonly FieldError[]): void {
  if (errors.length === 0) return
  throw within(errors.length === 1 ? String(errors[0]) : `[${errors.map(String).join(', ')}]`)
}

/** The value after `=`: it may be missing, which is the empty one. */
function exactValue(tokens: Tokens): string {
  if (tokens.next === '' || tokens.next === ',') return ''
  const token = tokens.take()
  if (isIdentifier(token)) return token
  throw within(`found '${token}', expected: identifier`)
}

function valueList(tokens: Tokens): readonly string[] {
  const open = tokens.take()
  if (open !== '(') throw within(`found '${open}' expected: '('`)
  const values: string[] = []
  let value = ''
  while (true) {
    const token = tokens.take()
    if (isIdentifier(token) && value === '') value = token
    else if (token === ',' || token === ')') {
      values.push(value)
      value = ''
      if (token === ')') return [...new Set(values)].sort()
    } else throw within(`found '${token}', expected: ',', ')' or identifier`)
  }
}
