import type { View } from '../schema/view.ts'
import { applied } from './apply.ts'
import {
  difference,
  type FieldSet,
  type FieldsV1,
  fieldPaths,
  formatFields,
  intersection,
  isEmpty,
  noFields,
  parseFields,
  sameFields,
  union,
} from './field-set.ts'
import { compareFields, fieldsOf } from './object-fields.ts'
import { StatusError } from './status-error.ts'

/** Who manages which fields of an object: metadata.managedFields, and what writes do to it. */

export type ManagerOperation = 'Apply' | 'Update'

/** An entry of metadata.managedFields. */
export interface ManagedFieldsEntry {
  readonly manager?: string | undefined
  readonly operation?: string | undefined
  readonly apiVersion?: string | undefined
  readonly time?: string | undefined
  readonly fieldsType?: string | undefined
  readonly fieldsV1?: unknown
  readonly subresource?: string | undefined
}

/** Who writes, and how. */
export interface Actor {
  readonly manager: string
  readonly apiVersion: string
  readonly subresource: string
  /** RFC 3339, to the second. */
  readonly time: string
}

interface Owner extends Actor {
  readonly operation: ManagerOperation
  readonly fields: FieldSet
}
type Owners = ReadonlyMap<string, Owner>

/** Applies of one manager are one owner, whatever the version. */
const idOf = ({ manager, operation, subresource, apiVersion }: Omit<Owner, 'time' | 'fields'>) =>
  JSON.stringify([manager, operation, subresource, operation === 'Update' ? apiVersion : ''])

/** Fields that nobody manages. */
const unmanaged = parseFields({
  'f:apiVersion': {},
  'f:kind': {},
  'f:metadata': {
    '.': {},
    'f:creationTimestamp': {},
    'f:generation': {},
    'f:managedFields': {},
    'f:name': {},
    'f:namespace': {},
    'f:resourceVersion': {},
    'f:selfLink': {},
    'f:uid': {},
  },
})

/** The fields without those that nobody manages, and those that a write through the subresource leaves alone. */
function manageable(fields: FieldSet, view: View, subresource: string): FieldSet {
  const { member, below } = difference(fields, unmanaged)
  const status = (element: string) => element === 'f:status'
  if (!view.fields?.has('status') || !view.fields.has('spec')) return { member, below }
  const reaches = (element: string) =>
    subresource === 'status' ? status(element) || element === 'f:metadata' : !status(element)
  return { member, below: new Map([...below].filter(([element]) => reaches(element))) }
}

/** Reads the entries; throws when one of them is broken. */
function ownersOf(entries: readonly ManagedFieldsEntry[]): Map<string, Owner> {
  return new Map<string, Owner>(
    entries.map(({ manager = '', operation, apiVersion = '', time = '', subresource = '', fieldsType, fieldsV1 }) => {
      if (operation !== 'Apply' && operation !== 'Update') throw new TypeError(`no operation: ${operation}`)
      if (fieldsType !== 'FieldsV1') throw new TypeError(`no type of fields: ${fieldsType}`)
      const fields = parseFields(fieldsV1 ?? {})
      const owner: Owner = { manager, operation, apiVersion, time, subresource, fields }
      return [idOf(owner), owner]
    }),
  )
}

function entriesOf(owners: Owners): ManagedFieldsEntry[] {
  const rank = ({ operation, time, manager }: Owner) => `${operation} ${time} ${manager}`
  return [...owners.values()]
    .filter(owner => !isEmpty(owner.fields))
    .sort((a, b) => (rank(a) < rank(b) ? -1 : 1))
    .map(({ manager, operation, apiVersion, time, fields, subresource }) => ({
      apiVersion,
      fieldsType: 'FieldsV1',
      fieldsV1: formatFields(fields) satisfies FieldsV1,
      manager,
      operation,
      ...(subresource && { subresource }),
      ...(time && { time }),
    }))
}

/** The given entries where they can be read and say something, else those held. */
function readable(
  given: readonly ManagedFieldsEntry[] | undefined,
  held: readonly ManagedFieldsEntry[] | undefined,
): Map<string, Owner> {
  for (const entries of [given, held]) {
    try {
      if (entries?.length) return ownersOf(entries)
    } catch {
      // Broken ones are ignored, as upstream does.
    }
  }
  return new Map()
}

/** Sets an owner's fields; its time is that of the last write that changed them. */
function withOwner(owners: Map<string, Owner>, actor: Actor, operation: ManagerOperation, fields: FieldSet): void {
  const owner = { ...actor, operation, fields }
  const id = idOf(owner)
  const before = owners.get(id)
  owners.set(id, before && sameFields(before.fields, fields) ? { ...before, apiVersion: actor.apiVersion } : owner)
}

/** One empty entry is how writers ask for management to begin anew. */
const isReset = (entries: readonly ManagedFieldsEntry[] | undefined) =>
  entries?.length === 1 && Object.keys(entries[0]!).length === 0

interface Managed {
  readonly name?: string | undefined
  readonly managedFields?: readonly ManagedFieldsEntry[] | undefined
}
interface ManagedObject {
  readonly metadata: Managed
}

/** The entries after an ordinary write made `after` of `before` (undefined: a new object). */
export function updateManaged(
  view: View,
  before: ManagedObject | undefined,
  after: ManagedObject,
  actor: Actor,
): ManagedFieldsEntry[] {
  if (isReset(after.metadata.managedFields)) return []
  const owners = readable(before && after.metadata.managedFields, before?.metadata.managedFields)
  const { changed, removed } = before
    ? compareFields(view, before, after)
    : { changed: fieldsOf(view, after), removed: noFields }
  const me = idOf({ ...actor, operation: 'Update' })
  const held = owners.get(me)?.fields ?? noFields
  takeFrom(owners, me, union(changed, removed))
  const own = union(held, manageable(changed, view, actor.subresource))
  withOwner(owners, actor, 'Update', difference(own, removed))
  return entriesOf(owners)
}

/** Every other owner loses these fields. */
function takeFrom(owners: Map<string, Owner>, me: string, fields: FieldSet): void {
  for (const [id, owner] of owners) {
    if (id !== me) owners.set(id, { ...owner, fields: difference(owner.fields, fields) })
  }
}

/** Owner of what was there before anyone's fields were tracked. */
const beforeFirstApply = 'before-first-apply'

/** How far an apply may go: over everyone, or over what the applier wrote itself in another way. */
export interface ApplyOptions {
  readonly force: boolean
  readonly yielded?: FieldSet | undefined
}

/** What an apply makes of an object and of its entries; refuses with Conflict when others manage what it changes. */
export function applyManaged(
  view: View,
  live: ManagedObject | undefined,
  config: object,
  actor: Actor,
  { force, yielded = noFields }: ApplyOptions,
): { readonly object: object; readonly managedFields: ManagedFieldsEntry[] } {
  const owners = readable(undefined, live?.metadata.managedFields)
  const { metadata: { managedFields: _ = undefined, ...metadata } = {}, ...rest } = (live ?? {}) as ManagedObject
  const base = { ...rest, metadata }
  if (live && owners.size === 0) {
    const fields = difference(fieldsOf(view, base), unmanaged)
    const owner: Owner = { ...actor, manager: beforeFirstApply, subresource: '', operation: 'Update', fields }
    owners.set(idOf(owner), owner)
  }
  const me = idOf({ ...actor, operation: 'Apply' })
  const others = [...owners].filter(([id]) => id !== me)
  const own = manageable(fieldsOf(view, config), view, actor.subresource)
  const { object } = applied(view, base, config, {
    last: owners.get(me)?.fields,
    others: others.map(([, { fields }]) => fields),
    own,
  })
  const { changed, removed } = compareFields(view, base, object)
  const conflicts = others.flatMap(([, owner]) =>
    fieldPaths(difference(intersection(owner.fields, changed), yielded)).map(path => ({ owner, path })),
  )
  if (conflicts.length > 0 && !force) throw applyConflict(conflicts)
  takeFrom(owners, me, union(changed, removed))
  withOwner(owners, actor, 'Apply', own)
  return { object, managedFields: entriesOf(owners) }
}

interface Conflict {
  readonly owner: Owner
  readonly path: string
}

function applyConflict(conflicts: readonly Conflict[]): StatusError {
  const causes = conflicts.map(({ owner, path }) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with ${ownerText(owner)}`,
    field: path,
  }))
  return new StatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: conflictText(conflicts),
    reason: 'Conflict',
    details: { causes },
    code: 409,
  })
}

function conflictText(conflicts: readonly Conflict[]): string {
  const [first, ...more] = conflicts
  if (more.length === 0) return `Apply failed with 1 conflict: conflict with ${ownerText(first!.owner)}: ${first!.path}`
  const byOwner = Map.groupBy(conflicts, ({ owner }) => ownerText(owner))
  const lines = [...byOwner]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([owner, list]) => [`conflicts with ${owner}:`, ...list.map(({ path }) => `- ${path}`)])
  return `Apply failed with ${conflicts.length} conflicts: ${lines.join('\n')}`
}

function ownerText({ manager, subresource, operation, apiVersion }: Owner): string {
  const name = JSON.stringify(manager) + (subresource && ` with subresource ${JSON.stringify(subresource)}`)
  return operation === 'Update' ? `${name} using ${apiVersion}` : name
}
