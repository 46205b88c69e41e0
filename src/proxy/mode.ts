/** How Services get into the kernel: one of several, behind one interface. What they are to be is planned once for all. */
import type { Host } from '../host/host.ts'
import { iptablesMode, removeIptablesRules } from './iptables-mode.ts'
import { ipvsMode, removeIpvsRules } from './ipvs-mode.ts'
import { nftablesMode, removeNftablesRules } from './nftables-mode.ts'
import type { ServicePort } from './service-ports.ts'

export interface ModeOptions {
  readonly host: Host
  /** The network of all pods, per family. */
  readonly podCidrs: readonly string[]
  /** IPVS's way of choosing among backends. Default `rr`, one after the other. */
  readonly scheduler?: string | undefined
}

export interface ProxyMode {
  /** Throws ProxyModeError when this machine cannot do it. */
  prepare?(): Promise<void>
  /** Makes the kernel's rules of a family equal to what these need. */
  apply(family: 4 | 6, ports: readonly ServicePort[]): Promise<void>
  /** `apply` is to be called now and then without a change too: it finds out whether somebody took rules away. */
  readonly resync?: boolean
}

/** Each mode: how it is begun, and how everything it may have left is removed. */
export const modes = {
  nftables: { start: nftablesMode, remove: removeNftablesRules },
  iptables: { start: iptablesMode, remove: removeIptablesRules },
  ipvs: { start: ipvsMode, remove: removeIpvsRules },
} satisfies Record<string, { start(options: ModeOptions): ProxyMode; remove(host: Host): Promise<void> }>

export type ProxyModeName = keyof typeof modes

/** Takes the rules of all modes away, whichever laid them. */
export async function removeProxyRules(host: Host): Promise<void> {
  for (const { remove } of Object.values(modes)) await remove(host)
}
