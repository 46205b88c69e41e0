/** Makes the kernel's entries for the other machines equal to their leases, by difference. */
import { formatCidr } from '../base/cidr.ts'
import { logger } from '../base/log.ts'
import type { Host } from '../host/host.ts'
import type { ExternalInterface } from './external-interface.ts'
import { type Lease, unusable } from './lease.ts'
import { baseOf, type OverlayConfig } from './net-conf.ts'
import { type PeerEntries, peerCommands, planPeers, readEntries } from './overlay-plan.ts'

const log = logger('network')

export class Peers {
  readonly #host: Host
  readonly #config: OverlayConfig
  readonly #external: ExternalInterface
  readonly #tunnel: string | undefined
  /** What has been complained about, so that it is said once. */
  #complaints = new Set<string>()

  constructor(host: Host, config: OverlayConfig, external: ExternalInterface, tunnel: string | undefined) {
    this.#host = host
    this.#config = config
    this.#external = external
    this.#tunnel = tunnel
  }

  /** Those that can take part in this network. */
  usable(leases: readonly Lease[]): readonly Lease[] {
    const { backend, network } = this.#config
    return leases.filter(lease => {
      const why = unusable(lease, network, backend.type, baseOf(lease.subnet))
      if (why) this.#complain(lease, why)
      return !why
    })
  }

  /** Compares with what the kernel has now, so that what others took away comes back. */
  async apply(leases: readonly Lease[]): Promise<void> {
    const { backend } = this.#config
    const wanted = planPeers(this.usable(leases), {
      ...(this.#tunnel && { tunnel: this.#tunnel }),
      external: this.#external.name,
      direct: this.#external.direct,
      directRouting: backend.type === 'host-gw' || (backend.type === 'vxlan' && backend.directRouting),
    })
    for (const lease of wanted.unreachable) {
      this.#complain(lease, `${lease.publicIp} is not on the link of ${this.#external.name}: host-gw cannot reach it`)
    }
    const commands = peerCommands(await this.#read(), wanted, this.#tunnel)
    const [forgiving, batch] = [
      ['-force', '-batch', '-'],
      ['-batch', '-'],
    ]
    await this.#run('ip', forgiving, commands.before)
    await this.#run('bridge', forgiving, commands.bridge)
    await this.#run('ip', batch, commands.after)
  }

  async #read(): Promise<PeerEntries> {
    const ask = async (command: string, args: readonly string[]) =>
      (await this.#host.processes.run(command, args)).stdout
    const tunnel = this.#tunnel
    const [routes, neighbours, forwardings] = await Promise.all([
      ask('ip', ['-j', '-4', 'route', 'show', 'root', formatCidr(this.#config.network)]),
      tunnel ? ask('ip', ['-j', '-4', 'neigh', 'show', 'dev', tunnel, 'nud', 'permanent']) : '',
      tunnel ? ask('bridge', ['-j', 'fdb', 'show', 'dev', tunnel]) : '',
    ])
    return readEntries({ routes, neighbours, forwardings }, tunnel)
  }

  async #run(command: string, args: readonly string[], lines: readonly string[]): Promise<void> {
    if (lines.length === 0) return
    // With -force the exit code tells of what was gone already; the next look finds what is really missing.
    const okCodes = args.includes('-force') ? [1] : []
    await this.#host.processes.run(command, args, { input: `${lines.join('\n')}\n`, okCodes })
  }

  #complain(lease: Lease, why: string): void {
    const key = `${formatCidr(lease.subnet)} ${why}`
    if (this.#complaints.has(key)) return
    if (this.#complaints.size > 10_000) this.#complaints = new Set()
    this.#complaints.add(key)
    log.warn({ subnet: formatCidr(lease.subnet), peer: lease.publicIp, why }, 'a node is left out of the network')
  }
}
