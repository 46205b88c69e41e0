/** The JSONPath of printer columns: `.spec.x`, `['a.b']`, `[0]`, `[*]` and `[?(@.type=="Ready")]`. */

type Step = (values: readonly unknown[]) => unknown[]

const token =
  /\.?\['([^']+)'\]|\.([^.[\]]+)|\[(\d+)\]|\[\*\]|\[\?\(@\.([\w.-]+)\s*==\s*(?:"([^"]*)"|'([^']*)'|([\w.-]+))\)\]/gy

/** Reads a path into a function that finds the first value there; undefined: it cannot be read. */
export function jsonPath(path: string): ((object: unknown) => unknown) | undefined {
  const text = path.startsWith('.') || path.startsWith('[') ? path : `.${path}`
  const steps: Step[] = []
  token.lastIndex = 0
  let end = 0
  for (let match = token.exec(text); match; match = token.exec(text)) {
    steps.push(stepOf(match))
    end = token.lastIndex
  }
  if (end !== text.length) return undefined
  return object => steps.reduce<readonly unknown[]>((values, step) => step(values), [object])[0]
}

function stepOf([, quoted, plain, index, filter, ...wanted]: RegExpExecArray): Step {
  const name = quoted ?? plain?.replaceAll('\\.', '.')
  if (name !== undefined) return values => present(values.map(value => fieldOf(value, name)))
  if (index !== undefined) return values => present(values.map(value => listOf(value)[Number(index)]))
  if (filter === undefined) return values => values.flatMap(listOf)
  const [text] = wanted.filter(one => one !== undefined)
  const at = filter.split('.')
  return values => values.flatMap(listOf).filter(value => String(at.reduce<unknown>(fieldOf, value)) === text)
}

const fieldOf = (value: unknown, name: string) =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
const listOf = (value: unknown) => (Array.isArray(value) ? (value as unknown[]) : [])
const present = (values: readonly unknown[]) => values.filter(value => value !== undefined && value !== null)
