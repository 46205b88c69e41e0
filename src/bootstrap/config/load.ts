/** From a file, flags and this machine to a complete, valid configuration. */
import { checkFields, type StructureProblem } from './check.ts'
import { ConfigurationError } from './configuration-error.ts'
import { convertFields, lostFields, movedFields, overlay } from './convert.ts'
import { defaultCluster, defaultInit, defaultJoin, defaultReset, defaultUpgrade, isVersionLabel } from './defaults.ts'
import { type ConfigDocument, readDocuments } from './document.ts'
import type { MachineFacts } from './facts.ts'
import {
  type ComponentKindName,
  type ConfigKind,
  type ConfigKindName,
  type ConfigVersion,
  componentKinds,
  configKinds,
  type GivenKinds,
  group,
  isIn,
  versions,
} from './fields.ts'
import { mergeFlagLists } from './flags.ts'
import type {
  ClusterConfiguration,
  InitConfiguration,
  JoinConfiguration,
  ResetConfiguration,
  UpgradeConfiguration,
} from './types.ts'
import { validate } from './validate.ts'

/** The commands that take a configuration; which kinds each reads. */
export type LoadKind = 'init' | 'join' | 'reset' | 'upgrade'
const read: Readonly<Record<LoadKind, readonly ConfigKindName[]>> = {
  init: ['init', 'cluster'],
  join: ['join'],
  reset: ['reset'],
  upgrade: ['upgrade'],
}

/** Complete configurations; which ones are there depends on the command. */
export interface LoadedConfiguration {
  readonly init?: InitConfiguration
  readonly cluster?: ClusterConfiguration
  readonly join?: JoinConfiguration
  readonly reset?: ResetConfiguration
  readonly upgrade?: UpgradeConfiguration
  /** KubeletConfiguration and KubeProxyConfiguration as they stand in the file. */
  readonly kubelet?: Readonly<Record<string, unknown>>
  readonly kubeProxy?: Readonly<Record<string, unknown>>
  /** One line each, with file, line and field. */
  readonly warnings: readonly string[]
}

/** What a file gives, in the current form and without defaults. */
export interface ReadConfiguration {
  readonly given: GivenKinds
  readonly components: Partial<Record<ComponentKindName, Readonly<Record<string, unknown>>>>
  readonly versions: Partial<Record<ConfigKindName, ConfigVersion>>
  readonly warnings: readonly string[]
  /** Those of the warnings that a strict reader takes for errors. */
  readonly unknownFields: readonly string[]
  /** `file:line` of a field. */
  at(kind: ConfigKindName, path: string): string
}

/** Reads a configuration file for a command. Throws ConfigurationError with everything that is wrong. */
export function loadConfiguration(
  text: string,
  file: string,
  options: { readonly kind: LoadKind; readonly facts: MachineFacts; readonly flags?: GivenKinds },
): LoadedConfiguration {
  const found = readConfiguration(text, file)
  const wanted = read[options.kind]
  if (!wanted.some(kind => found.versions[kind])) {
    const names = wanted.map(kind => configKinds[kind].kind).join(' or ')
    throw new ConfigurationError([`${file}: there is no ${names} of ${group} in this file`])
  }
  return completeConfiguration(found, { ...options, only: wanted })
}

/** The configuration of a command that was given no file. */
export function configurationWithoutFile(options: {
  readonly kind: LoadKind
  readonly facts: MachineFacts
  readonly flags?: GivenKinds
}): LoadedConfiguration {
  const nothing = { given: {}, components: {}, versions: {}, warnings: [], unknownFields: [], at: () => '' }
  return completeConfiguration(nothing, { ...options, only: read[options.kind] })
}

/** A ClusterConfiguration as a cluster stores it: what it leaves out was left out on purpose. */
export function loadStoredCluster(text: string, where: string, facts: MachineFacts): ClusterConfiguration {
  const { given } = readConfiguration(text, where)
  if (!given.cluster) throw new ConfigurationError([`${where}: there is no ClusterConfiguration`])
  // kubeadm writes no podSubnet for clusters whose pod network it knows nothing of.
  return defaultCluster(facts, overlay({ networking: { podSubnet: '' } }, given.cluster) as object)
}

/** Fills in defaults under what a file and flags give, and validates. Throws ConfigurationError. */
export function completeConfiguration(
  found: ReadConfiguration,
  options: {
    readonly only: readonly ConfigKindName[]
    readonly facts: MachineFacts
    readonly flags?: GivenKinds
  },
): LoadedConfiguration {
  const { facts, flags = {} } = options
  const laid = mergeFlagLists(found.given, flags, options.only[0]!)
  const given = (kind: ConfigKindName) => overlay(found.given[kind] ?? {}, laid[kind]) as object
  const makers = {
    init: () => defaultInit(facts, given('init')),
    cluster: () => defaultCluster(facts, given('cluster')),
    join: () => defaultJoin(facts, given('join')),
    reset: () => defaultReset(facts, given('reset')),
    upgrade: () => defaultUpgrade(facts, given('upgrade')),
  }
  const made = Object.fromEntries(options.only.map(kind => [kind, makers[kind]()])) as Omit<
    LoadedConfiguration,
    'warnings'
  >
  const { errors, warnings } = validate(made)
  if (errors.length > 0) {
    throw new ConfigurationError(
      errors.map(({ kind, error }) => [found.at(kind, error.field), String(error)].filter(Boolean).join(': ')),
    )
  }
  return { ...made, ...found.components, warnings: [...found.warnings, ...warnings] }
}

/** Reads all documents of a file, of any supported version. Throws ConfigurationError. */
export function readConfiguration(text: string, file: string): ReadConfiguration {
  const given: Record<string, Record<string, unknown>> = {}
  const components: ReadConfiguration['components'] = {}
  const documents = new Map<ConfigKindName, { document: ConfigDocument; version: ConfigVersion }>()
  const warnings: string[] = []
  const unknownFields: string[] = []
  const errors: string[] = []
  for (const document of readDocuments(text, file)) {
    const component = componentOf(document)
    const known = kindOf(document)
    if (component && components[component]) errors.push(`${document.at('')}: ${document.kind} is there twice`)
    else if (component)
      components[component] = { apiVersion: document.apiVersion, kind: document.kind, ...document.fields }
    else if (known === undefined)
      warnings.push(`${document.at('')}: ${document.apiVersion} ${document.kind} is ignored`)
    else if (typeof known === 'string') errors.push(`${document.at('')}: ${known}`)
    else if (documents.has(known.name)) errors.push(`${document.at('')}: ${document.kind} is there twice`)
    else {
      documents.set(known.name, { document, version: known.version })
      const problems = checkFields(document.fields, configKinds[known.name].fields, known.version)
      const line = (problem: Pick<StructureProblem, 'path' | 'text'>) => `${document.at(problem.path)}: ${problem.text}`
      const unknown = problems.filter(problem => problem.unknown).map(line)
      unknownFields.push(...unknown)
      warnings.push(...unknown, ...lostFields(known.name, document.fields, known.version).map(line))
      warnings.push(...remarks(known.name, document))
      errors.push(...problems.filter(problem => !problem.unknown).map(line))
    }
  }
  if (errors.length > 0) throw new ConfigurationError(errors)
  for (const [name, { document, version }] of documents) {
    const own = convertFields(document.fields, configKinds[name].fields, version)
    given[name] = overlay(given[name] ?? {}, own) as Record<string, unknown>
    for (const moved of movedFields(name, document.fields, version))
      given[moved.kind] = overlay(moved.value, given[moved.kind]) as Record<string, unknown>
  }
  const at = (kind: ConfigKindName, path: string) => documents.get(kind)?.document.at(path) ?? file
  const found = Object.fromEntries([...documents].map(([name, { version }]) => [name, version]))
  return { given, components, versions: found, warnings, unknownFields, at }
}

function componentOf({ apiVersion, kind }: ConfigDocument): ComponentKindName | undefined {
  const names = Object.keys(componentKinds) as ComponentKindName[]
  return names.find(name => componentKinds[name].kind === kind && componentKinds[name].apiVersion === apiVersion)
}

/** A text says why a document of kubeadm's group cannot be read; undefined: it is none. */
function kindOf({
  apiVersion,
  kind,
}: ConfigDocument): { readonly name: ConfigKindName; readonly version: ConfigVersion } | string | undefined {
  const [ownGroup, version = ''] = apiVersion.split('/')
  if (ownGroup !== group) return undefined
  if (!versions.includes(version as ConfigVersion))
    return `${apiVersion} is not supported; supported are ${versions.join(', ')}`
  // The addresses of API servers were kept in the cluster once, and came out with `config view`.
  if (kind === 'ClusterStatus') return undefined
  const [name, declared] = (Object.entries(configKinds) as [ConfigKindName, ConfigKind][]).find(
    ([, known]) => known.kind === kind && isIn(version as ConfigVersion, known),
  ) ?? [undefined, undefined]
  if (!name || !declared) return `there is no kind ${kind} in ${apiVersion}`
  return { name, version: version as ConfigVersion }
}

function remarks(kind: ConfigKindName, { fields, at }: ConfigDocument): string[] {
  const socket = (kind === 'reset' ? fields : (fields.nodeRegistration as Record<string, unknown> | undefined))
    ?.criSocket
  const version = kind === 'cluster' ? fields.kubernetesVersion : undefined
  return [
    ...(typeof socket === 'string' && socket.startsWith('/')
      ? [`${at('nodeRegistration.criSocket')}: criSocket ${socket} is read as unix://${socket}`]
      : []),
    ...(typeof version === 'string' && isVersionLabel(version)
      ? [`${at('kubernetesVersion')}: ${version} is not looked up; it means the version that is installed`]
      : []),
  ]
}
