/** The YAML documents of a configuration file, with the lines their fields stand in. */
import { type Document, isMap, isScalar, isSeq, LineCounter, type ParsedNode, parseAllDocuments } from 'yaml'
import { ConfigurationError } from './configuration-error.ts'

export interface ConfigDocument {
  readonly apiVersion: string
  readonly kind: string
  /** Without apiVersion and kind. */
  readonly fields: Readonly<Record<string, unknown>>
  /** `file:line` of a field such as `discovery.bootstrapToken.caCertHashes[0]`, or of the nearest one around it. */
  at(path: string): string
}

/** Far above any real file, far below what would trouble the process. */
const limits = { bytes: 1 << 20, documents: 64, aliases: 100, depth: 200 }

/** Reads every document. Throws ConfigurationError when the text is no YAML, too large, or holds something else than kinds. */
export function readDocuments(text: string, file: string): ConfigDocument[] {
  if (Buffer.byteLength(text) > limits.bytes) throw new ConfigurationError([`${file} is larger than 1 MiB`])
  const lines = new LineCounter()
  const documents = parse(text, file, lines).filter(document => document.contents !== null)
  if (documents.length > limits.documents)
    throw new ConfigurationError([`${file} has more than ${limits.documents} documents`])
  return documents.map(document => readOne(document, file, lines))
}

function parse(text: string, file: string, lines: LineCounter): Document.Parsed[] {
  if (deepest(text) > limits.depth) throw new ConfigurationError([`${file} nests deeper than ${limits.depth} levels`])
  const parsed = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false })
  const documents = Array.isArray(parsed) ? (parsed as Document.Parsed[]) : []
  const problems = documents.flatMap(document =>
    document.errors.map(error => `${file}:${lines.linePos(error.pos[0]).line}: ${error.message}`),
  )
  if (problems.length > 0) throw new ConfigurationError(problems)
  return documents
}

/** How deep a text can nest at most, before it is parsed: the parser follows nesting by recursion. */
function deepest(text: string): number {
  let most = 0
  for (const line of text.split('\n')) {
    // Each level needs a bracket, or a `- ` or a space of indentation.
    const indent = /^(?: |- )*/.exec(line)![0]
    const dashes = indent.split('- ').length - 1
    most = Math.max(most, dashes + (indent.length - dashes * 2) / 2)
  }
  let open = 0
  for (const [mark] of text.matchAll(/[[\]{}]/g)) {
    open += mark === '[' || mark === '{' ? 1 : -1
    if (open < 0) open = 0
    most = Math.max(most, open)
  }
  return most
}

function readOne(document: Document.Parsed, file: string, lines: LineCounter): ConfigDocument {
  const at = (path: string) => `${file}:${lines.linePos(offsetOf(document.contents, path)).line}`
  if (!isMap(document.contents))
    throw new ConfigurationError([`${at('')}: this document has no fields; expected apiVersion and kind`])
  const { apiVersion, kind, ...fields } = plainOf(document, at(''))
  if (typeof apiVersion !== 'string' || typeof kind !== 'string')
    throw new ConfigurationError([`${at('')}: apiVersion and kind are missing; without them nobody knows what this is`])
  return { apiVersion, kind, fields, at }
}

function plainOf(document: Document.Parsed, at: string): Record<string, unknown> {
  try {
    return document.toJS({ maxAliasCount: limits.aliases }) as Record<string, unknown>
  } catch (error) {
    throw new ConfigurationError([`${at}: ${(error as Error).message}`])
  }
}

/** Where the last part of a path that is there begins. */
function offsetOf(root: ParsedNode | null, path: string): number {
  let node: unknown = root
  let offset = root?.range[0] ?? 0
  for (const part of path.split(/[.[\]]+/).filter(Boolean)) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === part)
      const key = pair?.key
      if (!pair || !isScalar(key)) break
      offset = key.range?.[0] ?? offset
      node = pair.value
    } else if (isSeq(node)) {
      const item = node.items[Number(part)] as { range?: readonly number[] } | undefined
      if (!item) break
      offset = item.range?.[0] ?? offset
      node = item
    } else break
  }
  return offset
}
