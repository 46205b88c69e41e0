/**
 * A lab: machines made of namespaces, a switch between them, and the outside world on it, which plays the user's own
 * machine. The network of this machine is not touched, and all of it is gone at the end, whatever happens.
 */
import { join } from 'node:path'
import { labFolder, madeByHand, removeLab, removeLeftovers } from './leftovers.ts'
import { Machine } from './machine.ts'
import { run } from './run.ts'

/** The address of the outside world in a network of the lab; machines count from 1. Network 0 is the one of all. */
const outsideAddress = (network = 0) => `172.31.${network}.254`

/** A machine's place at the switches: one card for each network it is in. */
interface Place {
  readonly machine: Machine
  readonly number: number
  readonly networks: number[]
}
const hex = (number: number) => number.toString(16).padStart(2, '0')
const port = ({ number }: Place, network = 0) => `port${number}${network ? `-${network}` : ''}`

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export class Lab implements AsyncDisposable {
  readonly outside: Machine
  readonly #name: string
  readonly #folder: string
  readonly #places: Place[] = []
  readonly #lossy = new Map<Machine, number>()

  /** Ended from outside: tidies up first, then ends as it would have. */
  readonly #onSignal = (signal: NodeJS.Signals) => {
    void this[Symbol.asyncDispose]().finally(() => process.kill(process.pid, signal))
  }

  private constructor(name: string, folder: string) {
    this.#name = name
    this.#folder = folder
    this.outside = this.#make('outside', outsideAddress())
  }

  /** An empty lab: the switch and the outside world. `name` only for one made by hand, which outlives this process. */
  static async create({ name }: { readonly name?: string } = {}): Promise<Lab> {
    await removeLeftovers()
    const called = name ?? `t${process.pid}`
    const lab = new Lab(called, await labFolder(called))
    if (!name) for (const signal of signals) process.once(signal, lab.#onSignal)
    await lab.outside.boot()
    await lab.#makeSwitch(0)
    await lab.outside.ok('sh', ['-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward'])
    return lab
  }

  /** A new machine, switched on and plugged in. */
  async machine(name: string): Promise<Machine> {
    const number = this.#places.length + 1
    const machine = this.#make(name, `172.31.0.${number}`)
    this.#places.push({ machine, number, networks: [0] })
    await this.powerOn(machine)
    return machine
  }

  /** Gives a machine one more network card, eth1 and so on, in another network (1 to 253); answers its address there. */
  async card(machine: Machine, network = 1): Promise<string> {
    const place = this.#place(machine)
    if (place.networks.includes(network)) throw new Error(`${machine.name} is in network ${network} already`)
    if (!this.#places.some(({ networks }) => networks.includes(network))) await this.#makeSwitch(network)
    place.networks.push(network)
    await this.#plugIn(place, network)
    return `172.31.${network}.${place.number}`
  }

  /** Switches a machine on that was off. Its network cards are those it always had. */
  async powerOn(machine: Machine): Promise<void> {
    await machine.boot()
    const place = this.#place(machine)
    for (const network of place.networks) await this.#plugIn(place, network)
  }

  async #makeSwitch(network: number): Promise<void> {
    await this.outside.ok('sh', [
      '-ec',
      `ip link add br${network} type bridge forward_delay 0
       ip addr add ${outsideAddress(network)}/24 dev br${network}
       ip link set br${network} up`,
    ])
    // Nothing passes from one network to another: the outside world is no router between them.
    if (network > 0)
      await this.outside.ok('nft', ['-f', '-'], {
        input: `table ip apart${network} {
          chain forward {
            type filter hook forward priority 0;
            iifname br${network} oifname != br${network} drop
            iifname != br${network} oifname br${network} drop
          }
        }\n`,
      })
  }

  async #plugIn(place: Place, network: number): Promise<void> {
    const { machine, number, networks } = place
    const card = `eth${networks.indexOf(network)}`
    await this.outside.ok('sh', [
      '-ec',
      `ip link add ${port(place, network)} type veth peer name lab-new address 02:00:ac:1f:${hex(network)}:${hex(number)}
       ip link set ${port(place, network)} master br${network} up`,
    ])
    const move = ['ip', 'link', 'set', 'lab-new', 'netns', String(machine.pid)]
    const moved = await run('nsenter', ['-t', String(this.outside.pid), '--net', ...move])
    if (moved.code !== 0) throw new Error(`cannot plug in ${machine.name}: ${moved.stderr}`)
    await machine.ok('sh', [
      '-ec',
      `ip link set lab-new name ${card}
       ip addr add 172.31.${network}.${number}/24 dev ${card}
       echo 0 > /proc/sys/net/ipv6/conf/${card}/accept_dad
       ip link set ${card} up
       ${network === 0 ? `ip route add default via ${outsideAddress()}` : ''}`,
    ])
  }

  async reboot(machine: Machine): Promise<void> {
    await machine.powerOff()
    const place = this.#place(machine)
    for (const network of place.networks) await this.outside.exec('ip', ['link', 'del', port(place, network)])
    await this.powerOn(machine)
  }

  /** Lets no packet pass between any of `some` and any of `others`, until `heal`. */
  async cut(some: readonly Machine[], others: readonly Machine[]): Promise<void> {
    const ports = (machines: readonly Machine[]) => machines.map(machine => port(this.#place(machine))).join(', ')
    const [a, b] = [ports(some), ports(others)]
    await this.outside.ok('nft', ['-f', '-'], {
      input: `table bridge cuts {
        chain forward {
          type filter hook forward priority 0;
          iifname { ${a} } oifname { ${b} } drop
          iifname { ${b} } oifname { ${a} } drop
        }
      }\n`,
    })
  }

  /**
   * Loses that many of a hundred packets on the cable of a machine, each way, until `heal`. (There is no delay: kernels
   * without netem cannot hold packets back.)
   */
  async lose(machine: Machine, percent: number): Promise<void> {
    this.#lossy.set(machine, percent)
    const rules = [...this.#lossy].map(([each, lost]) => {
      const drop = lost < 100 ? `numgen random mod 100 < ${lost} drop` : 'drop'
      const cable = port(this.#place(each))
      return { in: `iifname ${cable} ${drop}`, out: `oifname ${cable} ${drop}` }
    })
    const chain = (hook: string, lines: readonly string[]) =>
      `chain ${hook} { type filter hook ${hook} priority 1;\n${lines.join('\n')}\n}\n`
    await this.outside.exec('nft', ['delete', 'table', 'bridge', 'losses'])
    await this.outside.ok('nft', ['-f', '-'], {
      input: `table bridge losses {
        ${chain(
          'prerouting',
          rules.map(rule => rule.in),
        )}
        ${chain(
          'postrouting',
          rules.map(rule => rule.out),
        )}
      }\n`,
    })
  }

  /** Lets everything pass again. */
  async heal(): Promise<void> {
    this.#lossy.clear()
    for (const table of ['cuts', 'losses']) await this.outside.exec('nft', ['delete', 'table', 'bridge', table])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { machine } of this.#places) await machine[Symbol.asyncDispose]()
    await this.outside[Symbol.asyncDispose]()
    await removeLab(this.#name)
    for (const signal of signals) process.off(signal, this.#onSignal)
  }

  #place(machine: Machine): Place {
    const place = this.#places.find(each => each.machine === machine)
    if (!place) throw new Error(`${machine.name} is not of this lab`)
    return place
  }

  #make(name: string, address: string): Machine {
    const leash = !madeByHand(this.#name)
    return new Machine({ name, address, folder: join(this.#folder, name), lab: this.#name, leash })
  }
}
