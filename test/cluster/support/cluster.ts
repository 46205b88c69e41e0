/** A cluster as its user has it: a machine of the lab on which the real `./kobune up` ran. */
import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Lab } from '../lab/lab.ts'
import { checkout, type Machine } from '../lab/machine.ts'
import type { Finished, Running, RunOptions } from '../lab/run.ts'

export const kobune = `${checkout}/kobune`
/** How long `up` may take on a slow machine, milliseconds. */
export const upTimeout = 180_000

export class Cluster implements AsyncDisposable {
  readonly lab: Lab
  readonly node: Machine

  private constructor(lab: Lab, node: Machine) {
    this.lab = lab
    this.node = node
  }

  /** A lab with one machine, on which nothing has been done yet. */
  static async prepare(): Promise<Cluster> {
    const lab = await Lab.create()
    try {
      return new Cluster(lab, await lab.machine('node1'))
    } catch (error) {
      await lab[Symbol.asyncDispose]()
      throw error
    }
  }

  /** The same, with `kobune up` done. */
  static async up(): Promise<Cluster> {
    const cluster = await Cluster.prepare()
    try {
      await cluster.up()
      return cluster
    } catch (error) {
      await cluster[Symbol.asyncDispose]()
      throw error
    }
  }

  /** Runs `kobune up`; what the cluster's logs say is in the error when that fails. */
  async up(): Promise<Finished> {
    const finished = await this.kobune(['up', '--timeout', '120s'])
    if (finished.code !== 0) throw new Error(`kobune up: ${finished.stdout}${finished.stderr}\n${await this.says()}`)
    return finished
  }

  kobune(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
    return this.node.exec(kobune, args, { timeout: upTimeout, ...options })
  }

  /** kubectl on the node, as root there. */
  tryKubectl(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
    return this.node.exec('kubectl', args, options)
  }

  /** As `tryKubectl`, and an error when it fails; resolves to the standard output. */
  kubectl(args: readonly string[], options: RunOptions = {}): Promise<string> {
    return this.node.ok('kubectl', args, options)
  }

  /** kubectl that goes on: `logs -f`, `port-forward`. */
  startKubectl(args: readonly string[]): Running {
    return this.node.spawn('kubectl', args)
  }

  /** The fields a JSONPath finds, as text. */
  async field(object: readonly string[], jsonPath: string): Promise<string> {
    return this.kubectl(['get', ...object, '-o', `jsonpath=${jsonPath}`])
  }

  async apply(manifest: string): Promise<string> {
    return this.kubectl(['apply', '-f', '-'], { input: manifest })
  }

  /** Writes a file of the node. */
  async write(file: string, text: string): Promise<void> {
    const at = this.node.file(file)
    await mkdir(dirname(at), { recursive: true })
    await writeFile(at, text)
  }

  /** Gives the cluster an archive that lies on this machine, as `kobune image import` does. */
  async importImage(archive: string): Promise<void> {
    const there = '/var/tmp/image.tar'
    await copyFile(archive, this.node.file(there))
    await this.node.ok(kobune, ['image', 'import', there], { timeout: upTimeout })
    await this.node.ok('rm', [there])
  }

  /** An image of busybox alone: a shell, httpd, nc, nslookup. */
  async busyboxImage(name = busybox): Promise<void> {
    await this.node.ok('sh', [
      '-ec',
      `mkdir -p /tmp/bb/bin /tmp/bb/tmp
       for each in $(busybox --list); do ln -s busybox /tmp/bb/bin/$each; done
       cp --remove-destination "$(command -v busybox)" /tmp/bb/bin/busybox
       ${kobune} image build ${name} /tmp/bb --cmd '["sh"]'; rm -r /tmp/bb`,
    ])
  }

  /** Everything one wants to know when a test of it failed. */
  async says(): Promise<string> {
    const { stdout } = await this.node.exec('sh', [
      '-c',
      `export KUBECONFIG=/etc/kubernetes/admin.conf
       kubectl get pods,events -A 2>&1 | tail -n 30
       for each in server agent containerd; do echo "== $each"; tail -n 12 /var/log/kobune/$each.log; done 2>&1 | cut -c 1-400`,
    ])
    return stdout
  }

  /** The process of the server or the agent. */
  async processOf(kind: 'server' | 'agent'): Promise<string> {
    return (await this.node.ok('cat', [`/run/kobune/${kind}.pid`])).split(' ')[0]!
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab[Symbol.asyncDispose]()
  }
}

export const busybox = 'example.com/busybox:1'
