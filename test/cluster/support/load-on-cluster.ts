/** Writes without a pause from one machine, through its balancer, as an administrator would (load.ts), and what became of them. */
import { copyFile } from 'node:fs/promises'
import { checkout, type Machine } from '../lab/machine.ts'
import type { Running } from '../lab/run.ts'
import { adminConf, type KubeadmCluster } from './kubeadm-cluster.ts'
import { until } from './until.ts'

export interface Write {
  readonly name: string
  readonly ended: number
}

export class Load implements AsyncDisposable {
  readonly #running: Running

  private constructor(running: Running) {
    this.#running = running
  }

  /** `admin`: a machine of the control plane; the names of what is written begin with `prefix`. */
  static async start(admin: Machine, on: Machine, prefix: string): Promise<Load> {
    const copy = '/root/load.conf'
    await copyFile(admin.file(adminConf), on.file(copy))
    const words = [`${checkout}/scripts/node.sh`, `${checkout}/test/cluster/support/load.ts`, copy, prefix]
    return new Load(on.spawn('sh', [...words, 'https://127.0.0.1:7445', 'kubernetes']))
  }

  #lines(begin: string): string[] {
    return this.#running
      .output()
      .split('\n')
      .filter(line => line.startsWith(begin) && line.endsWith('}'))
  }

  /** Those that were acknowledged. */
  writes(): Write[] {
    return this.#lines('{"name"').map(line => JSON.parse(line) as Write)
  }

  failures(): string[] {
    return this.#lines('{"failed"')
  }

  /** Waits for a write that is acknowledged after a moment. */
  async goesOn(after: number): Promise<void> {
    await until('writes go on', async () => this.writes().some(({ ended }) => ended > after), { timeout: 60_000 })
  }

  /** The longest time without an acknowledged write since a moment, milliseconds. */
  longestGap(since: number): number {
    const ends = this.writes().flatMap(({ ended }) => (ended >= since ? [ended] : []))
    const all = [since, ...ends].sort((a, b) => a - b)
    return Math.max(...all.slice(1).map((ended, i) => ended - all[i]!))
  }

  /** Ends it; answers what was acknowledged and is not there. */
  async lost(cluster: KubeadmCluster, from: Machine): Promise<string[]> {
    this.#running.child.stdin?.end()
    await this.#running.ended
    const text = await cluster.kubectl(from, ['get', 'configmaps', '-o', 'name'], { timeout: 60_000 })
    const there = new Set(text.split('\n').map(line => line.replace('configmap/', '')))
    return this.writes().flatMap(({ name }) => (there.has(name) ? [] : [name]))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running[Symbol.asyncDispose]()
  }
}
