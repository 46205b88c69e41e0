/** What a kubelet process is to be: its command line and its configuration files brought together. */
import { dirname } from 'node:path'
import { parseListenAddress } from '../base/plain-http.ts'
import type { Host } from '../host/host.ts'
import {
  completeKubeletConfiguration,
  instanceConfigName,
  KubeletConfiguration,
  kubeletConfigKind,
  unfollowed,
} from '../kubelet/configuration.ts'
import { readComponentConfig } from '../machinery/component-config.ts'
import { mergePatch } from '../machinery/merge-patch.ts'
import type { Read } from '../schema/schema.ts'
import { view } from '../schema/view.ts'
import { configurationFlags, type KubeletFlags } from './flags/kubelet.ts'

export interface KubeletSetup {
  readonly config: Read<typeof KubeletConfiguration>
  readonly flags: KubeletFlags
  readonly nodeName: string
  readonly taints: readonly { readonly key: string; readonly value?: string; readonly effect: string }[]
  /** Path of the runtime's socket. */
  readonly criSocket: string
  readonly balancer: { readonly host: string; readonly port: number } | undefined
  /** What people should know, and nothing stops for. */
  readonly warnings: readonly string[]
}

/** Reads everything; throws one clear error when something cannot be as it says. */
export async function kubeletSetup(host: Host, flags: KubeletFlags, said: ReadonlySet<string>): Promise<KubeletSetup> {
  const files = flags.config === undefined ? { given: {}, warnings: [] } : await readFiles(host, flags.config)
  const fromFlags = [...said].filter(name => name in configurationFlags).map(name => fieldOf(name, flags))
  const given = fromFlags.reduce((all, field) => mergePatch(all, field) as object, files.given)
  const config = completeKubeletConfiguration(given)
  const idle = unfollowed(files.given)
  const warnings = [
    ...files.warnings,
    ...(idle.length ? [`${flags.config}: fields without effect here: ${idle.join(', ')}`] : []),
  ]
  const nodeName = (flags['hostname-override'] || host.addresses.hostname()).trim().toLowerCase()
  if (!/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/.test(nodeName)) {
    throw new Error(`${JSON.stringify(nodeName)} can be no node's name; give a better one by --hostname-override`)
  }
  const balancer = listenAddress(flags['api-balancer'])
  return { config, flags, nodeName, taints: taintsOf(config), criSocket: socketOf(config), balancer, warnings }
}

async function readFiles(host: Host, file: string) {
  const main = await readComponentConfig(await host.files.read(file), file, kubeletConfigKind)
  const own = `${dirname(file)}/${instanceConfigName}`
  const text = await host.files.readIfThere(own)
  if (text === undefined) return main
  const instance = await readComponentConfig(text, own, kubeletConfigKind)
  return {
    given: mergePatch(main.given, instance.given) as Record<string, unknown>,
    warnings: [...main.warnings, ...instance.warnings],
  }
}

/** A flag as the fields of a configuration. */
function fieldOf(name: string, flags: KubeletFlags): object {
  const path = configurationFlags[name]!.split('.')
  let type = view(KubeletConfiguration)
  for (const step of path) type = type.fields!.get(step)!
  const value = typed(name, flags[name as keyof KubeletFlags], type.node.type)
  return path.reduceRight<unknown>((inner, step) => ({ [step]: inner }), value) as object
}

function typed(name: string, said: unknown, type: string | undefined): unknown {
  if (name === 'register-with-taints') return (said as readonly string[]).map(taint)
  if (typeof said !== 'string') return said
  if (type === 'boolean' && /^(true|false)$/.test(said)) return said === 'true'
  return type === 'integer' && /^-?\d+$/.test(said) ? Number(said) : said
}

/** `key=value:effect` or `key:effect`. */
function taint(text: string) {
  const [, key, , value, effect] = /^([^=:]+)(=([^:]*))?:(\w+)$/.exec(text) ?? []
  if (!key || !effect) throw new Error(`--register-with-taints: ${JSON.stringify(text)} is not key=value:effect`)
  return { key, ...(value && { value }), effect }
}

function taintsOf(config: Read<typeof KubeletConfiguration>): KubeletSetup['taints'] {
  return (config.registerWithTaints ?? []).map(({ key, value, effect }) => ({ key, ...(value && { value }), effect }))
}

/** `unix:///run/x.sock` or a path. */
function socketOf({ containerRuntimeEndpoint: endpoint }: Read<typeof KubeletConfiguration>): string {
  const path = endpoint.replace(/^unix:\/\//, '')
  if (path.startsWith('/')) return path
  throw new Error(`containerRuntimeEndpoint: ${JSON.stringify(endpoint)} is no unix socket such as unix:///run/x.sock`)
}

/** Undefined: off. */
function listenAddress(text: string): KubeletSetup['balancer'] {
  if (text === 'off' || text === '') return undefined
  const address = parseListenAddress(text)
  if (address) return address
  throw new Error(`--api-balancer: ${JSON.stringify(text)} is no address such as 127.0.0.1:7445, and not off`)
}
