import { isIP } from 'node:net'
import { logger } from '../base/log.ts'
import type { Host } from '../host/host.ts'

export interface NodeAddresses {
  /** One per family, the main one first. */
  readonly current: () => readonly string[]
  changed(listener: () => void): void
  stop(): void
}

/** Asking the kernel for the list costs little; the default route is only looked up when that differs. */
const lookEvery = 10_000
const log = logger('kubelet')

/** The addresses of this machine as a node: those given (comma separated), else that of the default route, followed. */
export async function followAddresses(host: Host, given: string | undefined): Promise<NodeAddresses> {
  if (given) {
    const fixed = parseAddresses(host, given)
    return { current: () => fixed, changed: () => {}, stop: () => {} }
  }
  const listeners = new Set<() => void>()
  const interfaces = () => JSON.stringify(host.addresses.list().map(({ interface: name, cidr }) => [name, cidr]))
  let current: readonly string[] = [await host.addresses.own()]
  let seen = interfaces()
  const timer = setInterval(async () => {
    const now = interfaces()
    if (now === seen) return
    seen = now
    // Without any address for a moment, the node keeps the one it had.
    const own = await host.addresses.own().catch(() => current[0]!)
    if (own === current[0]) return
    log.warn({ before: current[0], now: own }, 'the address of this machine changed')
    current = [own]
    for (const listener of listeners) listener()
  }, lookEvery)
  return {
    current: () => current,
    changed: listener => void listeners.add(listener),
    stop: () => clearInterval(timer),
  }
}

function parseAddresses(host: Host, given: string): readonly string[] {
  const all = given.split(',').map(address => address.trim())
  const wrong = all.find(address => isIP(address) === 0)
  if (wrong !== undefined) throw new Error(`--node-ip: ${JSON.stringify(wrong)} is no IP address`)
  const here = new Set(host.addresses.list().map(({ address }) => address))
  const foreign = all.find(address => !here.has(address))
  if (foreign) log.warn({ address: foreign }, 'no interface of this machine has the address given by --node-ip')
  return all
}
