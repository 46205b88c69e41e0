/** Configuration files of components (KubeletConfiguration, KubeProxyConfiguration): read strictly, told with file and line. */
import { parseDuration } from '../base/duration.ts'
import { check } from '../schema/check.ts'
import { fill } from '../schema/fill.ts'
import { prune } from '../schema/prune.ts'
import type { AnyStruct, Read } from '../schema/schema.ts'
import { type View, view } from '../schema/view.ts'

/** A kind of configuration and the type its fields are declared in. */
export interface ConfigKind<S extends AnyStruct> {
  readonly apiVersion: string
  readonly kind: string
  readonly type: S
}

export interface ReadConfig<S extends AnyStruct> {
  /** With its defaults. */
  readonly value: Read<S>
  /** The fields that were given, without apiVersion and kind; what can be merged. */
  readonly given: Readonly<Record<string, unknown>>
  /** `FILE:3: unknown field "clusterDns"` */
  readonly warnings: readonly string[]
}

/** More than any configuration that a person wrote. */
const longest = 1 << 20

/** Reads a YAML or JSON text. Throws one error that names every value of a wrong type, with file and line. */
export async function readComponentConfig<S extends AnyStruct>(
  text: string,
  file: string,
  want: ConfigKind<S>,
): Promise<ReadConfig<S>> {
  if (text.length > longest) throw new Error(`${file} is larger than ${longest} bytes: this is no ${want.kind}`)
  const { isMap, LineCounter, parseAllDocuments } = await import('yaml')
  const lines = new LineCounter()
  const documents = [...parseAllDocuments(text, { lineCounter: lines })].filter(d => d.contents !== null)
  const [broken] = documents.flatMap(d => d.errors)
  if (broken) throw new Error(`${file}:${lines.linePos(broken.pos[0]).line}: ${broken.message.split('\n')[0]}`)
  const document = documents.find(d => d.get('kind') === want.kind) ?? documents[0]
  const object = document && isMap(document.contents) ? (document.toJS() as Record<string, unknown>) : undefined
  if (!document || !object) throw new Error(`${file} holds no fields: a ${want.kind} is expected`)
  const { apiVersion, kind, ...given } = object
  if (kind !== want.kind || apiVersion !== want.apiVersion) {
    const found = `kind ${JSON.stringify(kind ?? '')} of ${JSON.stringify(apiVersion ?? '')}`
    throw new Error(`${file} holds ${found}; kind: ${want.kind} and apiVersion: ${want.apiVersion} are expected`)
  }
  const lineOf = (path: string) => {
    for (let steps = path.split(/[.[\]]+/).filter(Boolean); steps.length > 0; steps = steps.slice(0, -1)) {
      const pair = nodeAt(document, steps)
      if (pair !== undefined) return lines.linePos(pair).line
    }
    return 1
  }
  const warnings: string[] = []
  const value = complete(given, want, {
    wrong: found => `${file}:${lineOf(found.path)}: ${found.path}: ${found.message}`,
    unknown: path => warnings.push(`${file}:${lineOf(path)}: unknown field ${JSON.stringify(path)}; it is ignored`),
  })
  return { value, given, warnings }
}

/** Fields given in code or merged from several files, checked and completed. */
export function completeConfig<S extends AnyStruct>(given: object, want: ConfigKind<S>): Read<S> {
  return complete(given, want, { wrong: found => `${want.kind}.${found.path}: ${found.message}`, unknown: () => {} })
}

interface Wrong {
  readonly path: string
  readonly message: string
}

function complete<S extends AnyStruct>(
  given: object,
  { type }: ConfigKind<S>,
  say: { wrong(found: Wrong): string; unknown(path: string): void },
): Read<S> {
  const value = structuredClone(given)
  const types = view(type)
  const wrong: Wrong[] = prune(types, value, say.unknown).map(({ path, expected, value: is }) => ({
    path,
    message: `${JSON.stringify(is)} is no ${expected}`,
  }))
  if (wrong.length === 0) durations(types, value as Record<string, unknown>, '', wrong)
  if (wrong.length === 0) {
    fill(types, value)
    for (const { field, body } of check(types, value)) wrong.push({ path: field, message: body })
  }
  if (wrong.length > 0) throw new Error(wrong.map(say.wrong).join('\n'))
  return value as Read<S>
}

/** Checks durations. An empty or zero one counts as not given, as upstream has it. */
function durations(types: View, value: Record<string, unknown>, before: string, wrong: Wrong[]): void {
  for (const [name, field] of types.fields ?? []) {
    const is = value[name]
    const path = `${before}${name}`
    if (is === undefined) continue
    if (field.node.format === 'duration') {
      const read = is === '' ? 0 : parseDuration(String(is))
      if (read === undefined) wrong.push({ path, message: `${JSON.stringify(is)} is no duration such as 10s or 1h30m` })
      else if (read === 0) delete value[name]
    } else if (field.fields) durations(field, is as Record<string, unknown>, `${path}.`, wrong)
  }
}

/** Where in the text the key of a path begins. */
function nodeAt(document: { contents: unknown }, steps: readonly string[]): number | undefined {
  let node: unknown = document.contents
  let start: number | undefined
  for (const step of steps) {
    const { items } = (node ?? {}) as { items?: readonly unknown[] }
    if (!items) return undefined
    const at = items[Number(step)]
    const pair = items.find(item => (item as { key?: { value?: unknown } }).key?.value === step) ?? at
    if (pair === undefined) return undefined
    const { key, value, range } = pair as { key?: { range?: number[] }; value?: unknown; range?: number[] }
    start = (key?.range ?? range)?.[0]
    node = key ? value : pair
  }
  return start
}
