import { type FieldError, fieldDuplicate, fieldInvalid, fieldNotSupported, fieldRequired } from './field-error.ts'
import type { View } from './view.ts'

/** An error whose path grows from the inside out, so that a correct object costs nothing. */
interface Finding {
  path: string
  readonly error: (path: string) => FieldError
}
type Checker = (value: unknown, found: Finding[]) => void
type Loose = Record<string, unknown>

const compiled = new WeakMap<View, { checker: Checker | undefined }>()

/**
 * Everything structurally wrong with a pruned and filled object: what is required and missing, values out of their
 * enumeration or range, and in custom resources list elements that are there twice (of its own kinds upstream takes
 * those unless a rule of the kind says otherwise). The status of an object is the server's own and is not asked for
 * required fields.
 */
export function check(view: View, object: object): readonly FieldError[] {
  const checker = checkerOf(view)
  if (!checker) return none
  const found: Finding[] = []
  checker(object, found)
  return found.length === 0
    ? none
    : found.map(one => one.error(one.path.startsWith('.') ? one.path.slice(1) : one.path))
}

const none: readonly FieldError[] = []

function checkerOf(view: View): Checker | undefined {
  const known = compiled.get(view)
  if (known) return known.checker
  // A type that contains itself asks for the finished checker when it runs.
  const entry: { checker: Checker | undefined } = { checker: (value, found) => entry.checker?.(value, found) }
  compiled.set(view, entry)
  entry.checker = compile(view)
  return entry.checker
}

function compile(view: View): Checker | undefined {
  if (view.element) return compileMany(view, checkerOf(view.element))
  if (view.fields) return compileStruct(view, view.fields)
  return compileScalar(view)
}

function compileScalar({ node }: View): Checker | undefined {
  const { enum: allowed, minimum, maximum } = node
  if (!allowed && minimum === undefined && maximum === undefined) return undefined
  return (value, found) => {
    if (allowed && !allowed.includes(value as string)) {
      found.push({ path: '', error: path => fieldNotSupported(path, value, allowed) })
    }
    if (typeof value !== 'number') return
    if (minimum !== undefined && value < minimum) {
      found.push({ path: '', error: path => fieldInvalid(path, value, `must be greater than or equal to ${minimum}`) })
    }
    if (maximum !== undefined && value > maximum) {
      found.push({ path: '', error: path => fieldInvalid(path, value, `must be less than or equal to ${maximum}`) })
    }
  }
}

function compileStruct(view: View, fields: ReadonlyMap<string, View>): Checker | undefined {
  const custom = view.options?.custom === true
  const steps: Checker[] = []
  for (const [name, field] of fields) {
    if (view.options?.kind && name === 'status' && !custom) continue
    const missing = field.isRequired ? missingTest(field, custom) : undefined
    const inner = sequence(checkerOf(field), custom ? duplicates(field) : undefined)
    if (missing || inner) steps.push(checkField(name, missing, inner))
  }
  if (steps.length === 0) return undefined
  return (value, found) => {
    if (typeof value !== 'object' || value === null) return
    for (const step of steps) step(value, found)
  }
}

function sequence(first: Checker | undefined, second: Checker | undefined): Checker | undefined {
  if (!first || !second) return first ?? second
  return (value, found) => {
    first(value, found)
    second(value, found)
  }
}

/** In Go an empty string is an absent one, and numbers and booleans are never absent. */
function missingTest(field: View, custom: boolean): ((value: unknown) => boolean) | undefined {
  if (custom) return value => value === undefined
  const type = field.node.type
  if (type === 'integer' || type === 'number' || type === 'boolean') return undefined
  if (type === 'string' && !field.node.mayBeEmpty) return value => value === undefined || value === ''
  return value => value === undefined
}

function checkField(
  name: string,
  missing: ((value: unknown) => boolean) | undefined,
  inner: Checker | undefined,
): Checker {
  const step = `.${name}`
  return (object, found) => {
    const value = (object as Loose)[name]
    if (missing?.(value)) {
      found.push({ path: step, error: path => fieldRequired(path) })
      return
    }
    if (!inner || value === undefined || value === null) return
    const before = found.length
    inner(value, found)
    locate(found, before, step)
  }
}

function locate(found: Finding[], from: number, step: string) {
  for (let i = from; i < found.length; i++) found[i]!.path = step + found[i]!.path
}

function compileMany(view: View, inner: Checker | undefined): Checker | undefined {
  if (!inner) return undefined
  if (view.many === 'list') {
    return (list, found) => {
      const elements = list as readonly unknown[]
      for (let i = 0; i < elements.length; i++) {
        const before = found.length
        inner(elements[i], found)
        if (found.length > before) locate(found, before, `[${i}]`)
      }
    }
  }
  return (map, found) => {
    for (const key in map as Loose) {
      const before = found.length
      inner((map as Loose)[key], found)
      if (found.length > before) locate(found, before, `[${key}]`)
    }
  }
}

/** Elements of a set, or of a list told apart by keys, that are there twice. */
function duplicates(field: View): Checker | undefined {
  const { list, keys } = field.node
  if (list !== 'set' && list !== 'map') return undefined
  const identity = (element: unknown) =>
    list === 'set' || !keys ? element : Object.fromEntries(keys.map(key => [key, (element as Loose)[key]]))
  return (value, found) => {
    const seen = new Set<string>()
    for (const [i, element] of (value as readonly unknown[]).entries()) {
      const told = identity(element)
      const text = JSON.stringify(told)
      if (seen.has(text)) found.push({ path: `[${i}]`, error: path => fieldDuplicate(path, told) })
      seen.add(text)
    }
  }
}
