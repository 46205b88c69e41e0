import type { View } from './view.ts'

/** Mutates one object (or the objects in one list or map) of a type. */
type Filler = (value: never) => void
type Loose = Record<string, unknown>

/** Compiled once per view; `undefined` where nothing in the type is ever filled. */
const compiled = new WeakMap<View, { filler: Filler | undefined }>()

/**
 * Fills what the writer left out, in place: constants, `{}` for objects the server always sets, zeros of required
 * numbers and booleans (Go has no absent ones), then what depends on sibling fields; then the same below.
 */
export function fill(view: View, object: object): void {
  fillerOf(view)?.(object as never)
}

function fillerOf(view: View): Filler | undefined {
  const known = compiled.get(view)
  if (known) return known.filler
  // Until it is known, a type that contains itself asks for the finished filler when it runs.
  const entry: { filler: Filler | undefined } = { filler: value => entry.filler?.(value) }
  compiled.set(view, entry)
  entry.filler = compile(view)
  return entry.filler
}

function compile(view: View): Filler | undefined {
  if (view.element) return compileMany(view, fillerOf(view.element))
  if (!view.fields) return undefined
  const steps: Filler[] = []
  for (const [name, field] of view.fields) {
    const missing = missingValue(field, view.options?.custom === true)
    if (missing) steps.push(constant(name, missing, !view.options?.custom && treatsEmptyAsMissing(field)))
  }
  if (view.options?.fill) steps.push(view.options.fill as Filler)
  for (const [name, field] of view.fields) {
    const inner = fillerOf(field)
    if (inner) steps.push(below(name, inner))
  }
  return sequence(steps)
}

function sequence(steps: readonly Filler[]): Filler | undefined {
  if (steps.length < 2) return steps[0]
  return value => {
    for (const step of steps) step(value)
  }
}

function compileMany(view: View, inner: Filler | undefined): Filler | undefined {
  if (!inner) return undefined
  if (view.many === 'list') {
    return (elements: readonly unknown[]) => {
      for (const element of elements) if (isObject(element)) inner(element as never)
    }
  }
  return (entries: Loose) => {
    for (const key in entries) if (isObject(entries[key])) inner(entries[key] as never)
  }
}

/** How to make what stands in a missing field; `undefined` when it stays missing. */
function missingValue(field: View, custom: boolean): (() => unknown) | undefined {
  const value = field.node.default
  if (field.presence === 'defaulted' && value !== undefined) {
    return typeof value === 'object' ? () => structuredClone(value) : () => value
  }
  if (field.presence === 'always' && field.fields) return () => ({})
  if (custom || !field.isRequired || field.many) return undefined
  if (field.node.type === 'integer' || field.node.type === 'number') return () => 0
  if (field.node.type === 'boolean') return () => false
  return undefined
}

/** Upstream's strings with a constant default are no pointers: an empty one counts as not given. */
function treatsEmptyAsMissing(field: View): boolean {
  return field.node.type === 'string' && field.node.format === undefined && field.presence === 'defaulted'
}

function constant(name: string, make: () => unknown, emptyIsMissing: boolean): Filler {
  if (emptyIsMissing) {
    return (object: Loose) => {
      if (object[name] === undefined || object[name] === '') object[name] = make()
    }
  }
  return (object: Loose) => {
    if (object[name] === undefined) object[name] = make()
  }
}

function below(name: string, inner: Filler): Filler {
  return (object: Loose) => {
    const value = object[name]
    if (isObject(value)) inner(value as never)
  }
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null
