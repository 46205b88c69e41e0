/** What a cluster of one machine is like: given at the first `up`, kept beside its state, read by its processes. */
import { addressAt, overlaps, parseAddress, parseCidr } from '../base/cidr.ts'
import type { Host } from '../host/host.ts'
import { paths } from './paths.ts'

export interface Settings {
  readonly nodeName: string
  readonly apiAddress: string
  readonly apiPort: number
  readonly podCidr: string
  readonly serviceCidr: string
  readonly clusterDomain: string
}

const file = `${paths.state}/settings.json`
export const settingsFile = file

/** The saved settings; undefined before the first `up`. */
export async function savedSettings(host: Host): Promise<Settings | undefined> {
  const text = await host.files.readIfThere(file)
  return text === undefined ? undefined : (JSON.parse(text) as Settings)
}

export async function saveSettings(host: Host, settings: Settings): Promise<void> {
  await host.files.write(file, `${JSON.stringify(settings, undefined, 2)}\n`, { mode: 0o600 })
}

/** Asked for, else as saved, else the defaults of this machine. */
export async function decideSettings(host: Host, asked: Partial<Settings>): Promise<Settings> {
  const saved = await savedSettings(host)
  const given = Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined))
  return {
    nodeName: host.addresses.hostname().toLowerCase(),
    apiAddress: (given.apiAddress as string) ?? saved?.apiAddress ?? (await host.addresses.own()),
    apiPort: 6443,
    podCidr: '10.244.0.0/16',
    serviceCidr: '10.96.0.0/12',
    clusterDomain: 'cluster.local',
    ...saved,
    ...given,
  }
}

/** What is wrong with settings, and what cannot change once a cluster has them; empty when all is well. */
export function checkSettings(settings: Settings, saved?: Settings): string[] {
  const wrong: string[] = []
  const say = (good: boolean, text: string) => good || wrong.push(text)
  const pods = parseCidr(settings.podCidr)
  const services = parseCidr(settings.serviceCidr)
  say(/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/.test(settings.nodeName), nodeNameText(settings.nodeName))
  say(
    Boolean(parseAddress(settings.apiAddress)),
    `--api-address: ${JSON.stringify(settings.apiAddress)} is no IP address`,
  )
  const { apiPort: port } = settings
  say(Number.isInteger(port) && port > 0 && port < 65536, `--api-port: ${port} is not between 1 and 65535`)
  say(Boolean(pods), `--pod-cidr: ${JSON.stringify(settings.podCidr)} is no network such as 10.244.0.0/16`)
  say(Boolean(services), `--service-cidr: ${JSON.stringify(settings.serviceCidr)} is no network such as 10.96.0.0/12`)
  if (pods) say(pods.length <= 24, `--pod-cidr: ${settings.podCidr} has no room for a /24 per node`)
  if (services) say(services.length <= 24 && services.length >= 8, '--service-cidr: its prefix must be from /8 to /24')
  if (pods && services) say(!overlaps(pods, services), `--pod-cidr and --service-cidr overlap`)
  for (const field of ['nodeName', 'podCidr', 'serviceCidr', 'clusterDomain'] as const) {
    if (saved) say(saved[field] === settings[field], `${field} is ${saved[field]} in this cluster and cannot change`)
  }
  return wrong
}

const nodeNameText = (name: string) =>
  `--node-name: ${JSON.stringify(name)} must be lower case letters, digits, '-' and '.', as a host name`

/** The Service address of the cluster DNS: the tenth of the range, as kubeadm gives it. */
export function dnsAddress(settings: Settings): string {
  return addressAt(parseCidr(settings.serviceCidr)!, 10)
}

/** The Service address of the API itself. */
export function apiServiceAddress(settings: Settings): string {
  return addressAt(parseCidr(settings.serviceCidr)!, 1)
}
