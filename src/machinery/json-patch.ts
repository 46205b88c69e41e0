import { isDeepStrictEqual } from 'node:util'

/** A patch that cannot be applied; the text is what upstream's library says. `malformed`: it is no patch at all. */
export class JsonPatchError extends Error {
  override readonly name = 'JsonPatchError'
  readonly malformed: boolean
  constructor(message: string, malformed = false) {
    super(message)
    this.malformed = malformed
  }
}

interface Operation {
  readonly op: string
  readonly path: string
  readonly from?: string
  readonly value?: unknown
}

/** Upstream takes no longer patches. */
const mostOperations = 10_000

type Parent = Record<string, unknown> | unknown[]

/** RFC 6902. Answers the patched document; the one given is not changed. */
export function jsonPatch(document: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch))
    throw new JsonPatchError('json: cannot unmarshal object into Go value of type jsonpatch.Patch', true)
  if (patch.length > mostOperations) {
    throw new JsonPatchError(
      `The allowed maximum operations in a JSON patch is ${mostOperations}, got ${patch.length}`,
      true,
    )
  }
  // An artificial parent lets the whole document be replaced like any member.
  const root = { '': structuredClone(document) }
  for (const operation of patch as Operation[]) {
    if (typeof operation?.path !== 'string') throw new JsonPatchError('operation missing path field', true)
    const apply = operations[operation.op]
    if (!apply) throw new JsonPatchError(`Unexpected kind: ${operation.op}`)
    apply(root, operation)
  }
  return root['']
}

const operations: Readonly<Record<string, (root: Parent, operation: Operation) => void>> = {
  add: (root, { path, value }) => add(root, path, structuredClone(value) ?? null, 'add'),
  remove: (root, { path }) => void take(root, path, 'remove'),
  replace: (root, { path, value }) => {
    const { parent, key } = locate(root, path, 'replace')
    if (read(parent, key, path) === undefined) {
      throw new JsonPatchError(`replace operation does not apply: doc is missing key: ${path}: missing value`)
    }
    write(parent, key, structuredClone(value) ?? null)
  },
  move: (root, { from = '', path }) => add(root, path, take(root, from, 'move'), 'move'),
  copy: (root, { from = '', path }) => {
    const { parent, key } = locate(root, from, 'copy')
    const value = read(parent, key, from)
    if (value === undefined) throw missing('copy', from)
    add(root, path, structuredClone(value), 'copy')
  },
  test: (root, { path, value }) => {
    const { parent, key } = locate(root, path, 'test')
    const actual = read(parent, key, path)
    // Upstream: a test for null holds where nothing is.
    if (actual === undefined && (value === null || value === undefined)) return
    if (!isDeepStrictEqual(actual, value ?? null)) throw new JsonPatchError(`testing value ${path} failed: test failed`)
  },
}

const missing = (operation: string, path: string) =>
  new JsonPatchError(`${operation} operation does not apply: doc is missing path: "${path}": missing value`)

function locate(root: Parent, path: string, operation: string): { parent: Parent; key: string } {
  const parts = path.split('/').map(part => part.replaceAll('~1', '/').replaceAll('~0', '~'))
  if (path !== '' && parts[0] !== '') throw missing(operation, path)
  let parent: unknown = root
  for (const part of parts.slice(0, -1)) parent = read(parent as Parent, part, path)
  if (typeof parent !== 'object' || parent === null) throw missing(operation, path)
  return { parent: parent as Parent, key: parts.at(-1)! }
}

function read(parent: Parent | undefined | null, key: string, path: string): unknown {
  if (typeof parent !== 'object' || parent === null) return undefined
  if (!Array.isArray(parent)) return Object.hasOwn(parent, key) ? parent[key] : undefined
  return parent[index(key, parent.length - 1, parent.length, path)]
}

function write(parent: Parent, key: string, value: unknown): void {
  if (Array.isArray(parent)) parent[index(key, parent.length - 1, parent.length, key)] = value
  else parent[key] = value
}

/** Negative indices count from the end, as upstream allows. */
function index(key: string, most: number, length: number, path: string): number {
  if (!/^-?\d+$/.test(key)) throw new JsonPatchError(`strconv.Atoi: parsing "${key}": invalid syntax`)
  const given = Number(key)
  const at = given < 0 ? given + length : given
  if (at < 0 || at > most) {
    throw new JsonPatchError(`Unable to access invalid index: ${path ? given : key}: invalid index referenced`)
  }
  return at
}

function add(root: Parent, path: string, value: unknown, operation: string): void {
  const { parent, key } = locate(root, path, operation)
  if (!Array.isArray(parent)) parent[key] = value
  else if (key === '-') parent.push(value)
  else parent.splice(index(key, parent.length, parent.length + 1, path), 0, value)
}

function take(root: Parent, path: string, operation: string): unknown {
  const { parent, key } = locate(root, path, operation)
  const value = read(parent, key, path)
  if (value === undefined) throw missing(operation, path)
  if (Array.isArray(parent)) parent.splice(index(key, parent.length - 1, parent.length, path), 1)
  else delete parent[key]
  return value
}
