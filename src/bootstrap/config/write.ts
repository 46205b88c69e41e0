/** Configurations as text, in the current version or an older one. */
import { stringify } from 'yaml'
import { isObject } from './check.ts'
import { ConfigurationError } from './configuration-error.ts'
import {
  type ConfigKindName,
  type ConfigVersion,
  configKinds,
  currentVersion,
  type Fields,
  group,
  isIn,
} from './fields.ts'
import type {
  Argument,
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
 * Only declared fields are written: a ClusterConfiguration holds nothing of one machine, and no secret. Of an older
 * version, only those that it has: whoever writes one looks whether all was kept.
 */
export function writeConfiguration<K extends ConfigKindName>(
  kind: K,
  value: Kinds[K],
  version: ConfigVersion = currentVersion,
): string {
  const { kind: name, fields } = configKinds[kind]
  return yaml({ apiVersion: `${group}/${version}`, kind: name, ...(declared(value, fields, version) as object) })
}

/** YAML in the same style, of any object with apiVersion and kind. */
export function writeComponent(value: Readonly<Record<string, unknown>>): string {
  const { apiVersion, kind, ...rest } = value
  return yaml({ apiVersion, kind, ...(sorted(rest) as object) })
}

const yaml = (value: object) =>
  stringify(value, { lineWidth: 0, indentSeq: false, aliasDuplicateObjects: false, version: '1.2' })

function declared(value: unknown, fields: Fields, version: ConfigVersion): unknown {
  if (!isObject(value)) return value
  const has = (name: string) => Object.hasOwn(fields, name) && isIn(version, fields[name]!)
  const names = Object.keys(value).filter(name => has(name) && value[name] !== undefined)
  const pairs = names.sort().map(name => {
    const field = fields[name]!
    const inner = value[name]
    const of = field.of?.fields
    if (field.type === 'arguments' && isIn(version, { until: 'v1beta3' }))
      return [name, argumentMap(inner as readonly Argument[], version)]
    if (of && Array.isArray(inner)) return [name, inner.map(item => declared(item, of, version))]
    return [name, field.fields ? declared(inner, field.fields, version) : sorted(inner)]
  })
  return Object.fromEntries(pairs)
}

/** Arguments as versions had them that knew each only once. */
function argumentMap(list: readonly Argument[], version: ConfigVersion): Readonly<Record<string, string>> {
  const names = list.map(({ name }) => name).sort()
  const twice = names.find((name, i) => name === names[i + 1])
  if (twice !== undefined)
    throw new ConfigurationError([`the argument ${twice} is given several times, which ${version} has no way to say`])
  return sorted(Object.fromEntries(list.map(({ name, value }) => [name, value]))) as Record<string, string>
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
