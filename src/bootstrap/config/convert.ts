/** Older versions become the current one: fields that moved, changed their form, or went away. */
import { isObject } from './check.ts'
import { type ConfigKindName, type ConfigVersion, type Field, type Fields, isIn } from './fields.ts'

type Value = Record<string, unknown>

/** A field that stands elsewhere since a version; `to` may be another kind of the same file. */
interface Move {
  readonly kind: ConfigKindName
  readonly path: string
  readonly to: { readonly kind: ConfigKindName; readonly path: string }
  readonly since: ConfigVersion
}

const moves: readonly Move[] = [
  {
    kind: 'cluster',
    path: 'apiServer.timeoutForControlPlane',
    to: { kind: 'init', path: 'timeouts.controlPlaneComponentHealthCheck' },
    since: 'v1beta4',
  },
  {
    kind: 'cluster',
    path: 'apiServer.timeoutForControlPlane',
    to: { kind: 'join', path: 'timeouts.controlPlaneComponentHealthCheck' },
    since: 'v1beta4',
  },
  { kind: 'join', path: 'discovery.timeout', to: { kind: 'join', path: 'timeouts.discovery' }, since: 'v1beta4' },
]

/** The moved values of a document, for the kinds they belong to now. */
export function movedFields(
  kind: ConfigKindName,
  value: Readonly<Value>,
  version: ConfigVersion,
): { readonly kind: ConfigKindName; readonly value: Value }[] {
  return moves.flatMap(move => {
    if (move.kind !== kind || isIn(version, { since: move.since })) return []
    const found = at(value, move.path)
    return found === undefined || found === null ? [] : [{ kind: move.to.kind, value: nested(move.to.path, found) }]
  })
}

/** A value in the current form: only what the current version has, arguments as lists, nulls left out. */
export function convertFields(value: Readonly<Value>, fields: Fields, version: ConfigVersion): Value {
  const pairs = Object.entries(value).flatMap(([name, inner]): [string, unknown][] => {
    const declared = Object.hasOwn(fields, name) ? fields[name] : undefined
    if (!declared || declared.until || inner === null || inner === undefined || !isIn(version, declared)) return []
    return [[name, convertField(inner, declared, version)]]
  })
  return Object.fromEntries(pairs)
}

function convertField(value: unknown, declared: Field, version: ConfigVersion): unknown {
  if (declared.type === 'object') return convertFields(value as Value, declared.fields!, version)
  if (declared.type === 'list' && declared.of!.type === 'object')
    return (value as Value[]).map(item => convertFields(item, declared.of!.fields!, version))
  // Sorted, so that the same map always makes the same command line.
  if (declared.type === 'arguments' && isObject(value))
    return Object.keys(value)
      .sort()
      .map(name => ({ name, value: value[name] ?? '' }))
  return value
}

/** Things of older versions that are not kept, in words; `file:line` comes before them. */
export function lostFields(
  kind: ConfigKindName,
  value: Readonly<Value>,
  version: ConfigVersion,
): { readonly path: string; readonly text: string }[] {
  if (kind !== 'cluster' || version !== 'v1beta2') return []
  const dns = at(value, 'dns.type')
  const hyper = at(value, 'useHyperKubeImage')
  return [
    ...(dns !== undefined && dns !== 'CoreDNS'
      ? [{ path: 'dns.type', text: `dns.type: ${JSON.stringify(dns)} is not supported; the cluster gets CoreDNS` }]
      : []),
    ...(hyper === true ? [{ path: 'useHyperKubeImage', text: 'useHyperKubeImage is ignored' }] : []),
  ]
}

function at(value: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((inner, name) => (isObject(inner) ? inner[name] : undefined), value)
}

/** `nested('a.b', 1)` is `{ a: { b: 1 } }`. */
export function nested(path: string, value: unknown): Value {
  return path.split('.').reduceRight<unknown>((inner, name) => ({ [name]: inner }), value) as Value
}

/** `over` laid upon `under`: objects field by field, everything else as a whole. */
export function overlay(under: unknown, over: unknown): unknown {
  if (over === undefined) return under
  if (!isObject(under) || !isObject(over)) return over
  const names = new Set([...Object.keys(under), ...Object.keys(over)])
  return Object.fromEntries([...names].map(name => [name, overlay(under[name], over[name])]))
}
