/** Configurations as text, in the current version. */
import { stringify } from 'yaml'
import { isObject } from './check.ts'
import { type ConfigKindName, configKinds, currentVersion, type Fields, group } from './fields.ts'
import type {
  ClusterConfiguration,
  InitConfiguration,
  JoinConfiguration,
  ResetConfiguration,
  UpgradeConfiguration,
} from './types.ts'

interface Kinds {
  readonly init: InitConfiguration
  readonly cluster: ClusterConfiguration
  readonly join: JoinConfiguration
  readonly reset: ResetConfiguration
  readonly upgrade: UpgradeConfiguration
}

/**
 * YAML of one kind: apiVersion and kind first, everything else sorted, so that the same configuration is the same text.
 * Only declared fields are written: a ClusterConfiguration holds nothing of one machine, and no secret.
 */
export function writeConfiguration<K extends ConfigKindName>(kind: K, value: Kinds[K]): string {
  const { kind: name, fields } = configKinds[kind]
  return yaml({ apiVersion: `${group}/${currentVersion}`, kind: name, ...(declared(value, fields) as object) })
}

/** YAML in the same style, of any object with apiVersion and kind. */
export function writeComponent(value: Readonly<Record<string, unknown>>): string {
  const { apiVersion, kind, ...rest } = value
  return yaml({ apiVersion, kind, ...(sorted(rest) as object) })
}

const yaml = (value: object) =>
  stringify(value, { lineWidth: 0, indentSeq: false, aliasDuplicateObjects: false, version: '1.2' })

function declared(value: unknown, fields: Fields): unknown {
  if (!isObject(value)) return value
  const names = Object.keys(value).filter(name => Object.hasOwn(fields, name) && value[name] !== undefined)
  const pairs = names.sort().map(name => {
    const field = fields[name]!
    const inner = value[name]
    const of = field.of?.fields
    if (of && Array.isArray(inner)) return [name, inner.map(item => declared(item, of))]
    return [name, field.fields ? declared(inner, field.fields) : sorted(inner)]
  })
  return Object.fromEntries(pairs)
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map(name => [name, sorted(value[name])]),
  )
}
