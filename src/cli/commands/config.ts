import { ConfigurationError } from '../../bootstrap/config/configuration-error.ts'
import {
  defaultCluster,
  defaultInit,
  defaultJoin,
  defaultReset,
  defaultUpgrade,
} from '../../bootstrap/config/defaults.ts'
import { exampleFacts, machineFacts } from '../../bootstrap/config/facts.ts'
import { type ConfigKindName, componentKinds, configKinds } from '../../bootstrap/config/fields.ts'
import { configurationSchema } from '../../bootstrap/config/json-schema.ts'
import {
  completeConfiguration,
  configurationWithoutFile,
  type LoadKind,
  loadConfiguration,
  readConfiguration,
} from '../../bootstrap/config/load.ts'
import type { ClusterConfiguration } from '../../bootstrap/config/types.ts'
import { writeComponent, writeConfiguration } from '../../bootstrap/config/write.ts'
import { controlPlaneImages, pullControlPlaneImages } from '../../bootstrap/images.ts'
import { linuxHost } from '../../host/host.ts'
import type { Call } from '../command.ts'
import { printResult, writeLine } from '../print.ts'
import { UserError } from '../user-error.ts'
import { readConfigFile, tellWarnings } from './config-file.ts'

const token = 'abcdef.0123456789abcdef'
const facts = exampleFacts

/** The documents of each command's defaults, with values to replace. */
const defaults: Readonly<Record<LoadKind, () => readonly string[]>> = {
  init: () => [
    writeConfiguration('init', defaultInit(facts, { bootstrapTokens: [{ token }] })),
    writeConfiguration('cluster', defaultCluster(facts)),
  ],
  join: () => {
    const bootstrapToken = { token, apiServerEndpoint: 'kube-apiserver:6443', unsafeSkipCAVerification: true }
    return [writeConfiguration('join', defaultJoin(facts, { discovery: { bootstrapToken } }))]
  },
  reset: () => [writeConfiguration('reset', defaultReset(facts))],
  upgrade: () => [writeConfiguration('upgrade', defaultUpgrade(facts))],
}

const components: Readonly<Record<string, () => Promise<Readonly<Record<string, unknown>>>>> = {
  KubeletConfiguration: async () => {
    const { defaultKubeletConfiguration } = await import('../../kubelet/configuration.ts')
    return defaultKubeletConfiguration({ clusterDns: ['10.96.0.10'], clusterDomain: 'cluster.local' })
  },
  KubeProxyConfiguration: async () => {
    const { defaultKubeProxyConfiguration } = await import('../../proxy/configuration.ts')
    return defaultKubeProxyConfiguration()
  },
}

/** `kobune config print {init,join,reset,upgrade}-defaults` */
export async function printDefaults(command: LoadKind, { options }: Call): Promise<number> {
  const kinds = ((options.componentConfigs as string[] | undefined) ?? []).flatMap(kind => kind.split(','))
  const documents = [...defaults[command]()]
  for (const kind of kinds) {
    const make = components[kind]
    if (!make) {
      const known = Object.keys(components).join(', ')
      throw new UserError(`--component-configs: there is no ${kind}; choose from ${known}`, { exitCode: 2 })
    }
    documents.push(writeComponent(await make()))
  }
  process.stdout.write(documents.join('---\n'))
  return 0
}

/** `kobune config migrate` */
export async function migrate({ options }: Call): Promise<number> {
  const file = String(options.oldConfig ?? '')
  const text = await migrateText(await readConfigFile('--old-config', options.oldConfig), file)
  if (options.newConfig === undefined) process.stdout.write(text)
  // It may hold a token.
  else await linuxHost.files.write(String(options.newConfig), text, { mode: 0o600 })
  return 0
}

async function migrateText(text: string, file: string): Promise<string> {
  const found = readConfiguration(text, file)
  tellWarnings(found)
  const kinds = kindsIn(file, found)
  const made = completeConfiguration(found, { only: kinds, facts: await machineFacts(linuxHost) })
  const documents = [
    ...kinds.map(kind => writeConfiguration(kind, made[kind] as never)),
    ...Object.values(found.components).map(component => writeComponent(component)),
  ]
  return documents.join('---\n')
}

/** As kubeadm does, what belongs to `init` is written whole: one of its two kinds brings the other. */
function kindsIn(file: string, { versions }: ReturnType<typeof readConfiguration>): ConfigKindName[] {
  const there = (Object.keys(configKinds) as ConfigKindName[]).filter(kind => versions[kind])
  if (there.length === 0) throw new ConfigurationError([`${file}: there is no configuration of kubeadm in this file`])
  const ofInit = there.some(kind => kind === 'init' || kind === 'cluster')
  return [...new Set<ConfigKindName>([...(ofInit ? (['init', 'cluster'] as const) : []), ...there])]
}

/** `kobune config validate`: what is only warned of elsewhere is an error here. */
export async function validateFile({ options }: Call): Promise<number> {
  const file = String(options.config ?? '')
  const found = readConfiguration(await readConfigFile('--config', options.config), file)
  if (found.unknownFields.length > 0) throw new ConfigurationError(found.unknownFields)
  const kinds = (Object.keys(configKinds) as ConfigKindName[]).filter(kind => found.versions[kind])
  if (kinds.length === 0 && Object.keys(found.components).length === 0) {
    const known = [...Object.values(configKinds), ...Object.values(componentKinds)].map(({ kind }) => kind)
    throw new ConfigurationError([`${file}: there is none of ${known.join(', ')} in this file`])
  }
  // A file is valid or not wherever it is looked at: this machine's own name and address are of no account.
  tellWarnings(completeConfiguration(found, { only: kinds, facts: exampleFacts }))
  writeLine('ok')
  return 0
}

/** `kobune config schema` */
export async function printSchema(): Promise<number> {
  writeLine(JSON.stringify(configurationSchema(), undefined, 2))
  return 0
}

/** `kobune config images list` */
export async function listImages({ options }: Call): Promise<number> {
  const images = await controlPlaneImages(linuxHost, await clusterOf(options))
  const result = { kind: 'Images', apiVersion: 'output.kubeadm.k8s.io/v1alpha3', images }
  await printResult(options.output, result, all => all.images.join('\n'))
  return 0
}

/** `kobune config images pull` */
export async function pullImages({ options }: Call): Promise<number> {
  const { criSocket } = exampleFacts
  await pullControlPlaneImages(linuxHost, await clusterOf(options), {
    criSocket: String(options.criSocket ?? criSocket),
    pulled: name => writeLine(`[config/images] Pulled ${name}`),
  })
  return 0
}

async function clusterOf({
  config,
  kubernetesVersion,
  imageRepository,
}: Call['options']): Promise<ClusterConfiguration> {
  const cluster = {
    ...(kubernetesVersion !== undefined && { kubernetesVersion }),
    ...(imageRepository !== undefined && { imageRepository }),
  }
  const how = { kind: 'init', facts: exampleFacts, flags: { cluster } } as const
  const made =
    config === undefined
      ? configurationWithoutFile(how)
      : loadConfiguration(await readConfigFile('--config', config), String(config), how)
  tellWarnings(made)
  return made.cluster!
}
