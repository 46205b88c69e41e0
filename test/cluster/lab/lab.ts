/**
 * A lab: machines made of namespaces, a switch between them, and the outside world on it, which plays the user's own
 * machine. The network of this machine is not touched, and all of it is gone at the end, whatever happens.
 */
import { join } from 'node:path'
import { labByHand, labFolder, removeLab, removeLeftovers } from './leftovers.ts'
import { Machine } from './machine.ts'
import { run } from './run.ts'

/** The address of the outside world; machines count from 1. */
const outsideAddress = '172.31.0.254'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export class Lab implements AsyncDisposable {
  readonly outside: Machine
  readonly #name: string
  readonly #folder: string
  readonly #machines: { readonly machine: Machine; readonly port: string; readonly mac: string }[] = []

  /** Ended from outside: tidies up first, then ends as it would have. */
  readonly #onSignal = (signal: NodeJS.Signals) => {
    void this[Symbol.asyncDispose]().finally(() => process.kill(process.pid, signal))
  }

  private constructor(name: string, folder: string) {
    this.#name = name
    this.#folder = folder
    this.outside = this.#make('outside', outsideAddress)
  }

  /** An empty lab: the switch and the outside world. `name` only for one that outlives this process. */
  static async create({ name }: { readonly name?: typeof labByHand } = {}): Promise<Lab> {
    await removeLeftovers()
    const called = name ?? `t${process.pid}`
    const lab = new Lab(called, await labFolder(called))
    if (!name) for (const signal of signals) process.once(signal, lab.#onSignal)
    await lab.outside.boot()
    await lab.outside.ok('sh', [
      '-ec',
      `ip link add br0 type bridge forward_delay 0
       ip addr add ${outsideAddress}/24 dev br0
       ip link set br0 up
       echo 1 > /proc/sys/net/ipv4/ip_forward`,
    ])
    return lab
  }

  /** A new machine, switched on and plugged in. */
  async machine(name: string): Promise<Machine> {
    const number = this.#machines.length + 1
    const machine = this.#make(name, `172.31.0.${number}`)
    this.#machines.push({
      machine,
      port: `port${number}`,
      mac: `02:00:ac:1f:00:${number.toString(16).padStart(2, '0')}`,
    })
    await this.powerOn(machine)
    return machine
  }

  /** Switches a machine on that was off. Its network card is the one it always had. */
  async powerOn(machine: Machine): Promise<void> {
    const { port, mac } = this.#entry(machine)
    await machine.boot()
    await this.outside.ok('sh', [
      '-ec',
      `ip link add ${port} type veth peer name lab-new address ${mac}
       ip link set ${port} master br0 up`,
    ])
    const moved = await run('nsenter', [
      '-t',
      String(this.outside.pid),
      '--net',
      'ip',
      'link',
      'set',
      'lab-new',
      'netns',
      String(machine.pid),
    ])
    if (moved.code !== 0) throw new Error(`cannot plug in ${machine.name}: ${moved.stderr}`)
    await machine.ok('sh', [
      '-ec',
      `ip link set lab-new name eth0
       ip addr add ${machine.address}/24 dev eth0
       echo 0 > /proc/sys/net/ipv6/conf/eth0/accept_dad
       ip link set eth0 up
       ip route add default via ${outsideAddress}`,
    ])
  }

  async reboot(machine: Machine): Promise<void> {
    await machine.powerOff()
    await this.outside.exec('ip', ['link', 'del', this.#entry(machine).port])
    await this.powerOn(machine)
  }

  /** Lets no packet pass between any of `some` and any of `others`, until `heal`. */
  async cut(some: readonly Machine[], others: readonly Machine[]): Promise<void> {
    const ports = (machines: readonly Machine[]) => machines.map(machine => this.#entry(machine).port).join(', ')
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

  /** Lets everything pass again. */
  async heal(): Promise<void> {
    await this.outside.exec('nft', ['delete', 'table', 'bridge', 'cuts'])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { machine } of this.#machines) await machine[Symbol.asyncDispose]()
    await this.outside[Symbol.asyncDispose]()
    await removeLab(this.#name)
    for (const signal of signals) process.off(signal, this.#onSignal)
  }

  #entry(machine: Machine) {
    const entry = this.#machines.find(each => each.machine === machine)
    if (!entry) throw new Error(`${machine.name} is not of this lab`)
    return entry
  }

  #make(name: string, address: string): Machine {
    const leash = this.#name !== labByHand
    return new Machine({ name, address, folder: join(this.#folder, name), lab: this.#name, leash })
  }
}
