/** A cluster of several machines of the lab, made as its users make one: with `kobune init` and `kobune join`. */
import { copyFile } from 'node:fs/promises'
import { Lab } from '../lab/lab.ts'
import type { Machine } from '../lab/machine.ts'
import type { Finished, RunOptions } from '../lab/run.ts'
import { busybox, kobune } from './cluster.ts'
import { until } from './until.ts'

export const adminConf = '/etc/kubernetes/admin.conf'
/** How long one command may take on a slow machine, milliseconds. */
const commandTimeout = 180_000

/** What `init` printed for other machines. */
export interface Invitation {
  readonly worker: readonly string[]
  readonly controlPlane: readonly string[]
}

export class KubeadmCluster implements AsyncDisposable {
  readonly lab: Lab
  readonly machines: readonly Machine[]
  invitation: Invitation | undefined

  private constructor(lab: Lab, machines: readonly Machine[]) {
    this.lab = lab
    this.machines = machines
  }

  /** Machines on which nothing has been done yet. */
  static async bare(...names: readonly string[]): Promise<KubeadmCluster> {
    return KubeadmCluster.of(await Lab.create(), names)
  }

  /** The same in a lab that is there; it is removed when that fails. */
  static async of(lab: Lab, names: readonly string[]): Promise<KubeadmCluster> {
    try {
      const machines: Machine[] = []
      for (const name of names) machines.push(await lab.machine(name))
      return new KubeadmCluster(lab, machines)
    } catch (error) {
      await lab[Symbol.asyncDispose]()
      throw error
    }
  }

  machine(name: string): Machine {
    const found = this.machines.find(each => each.name === name)
    if (!found) throw new Error(`there is no machine ${name}`)
    return found
  }

  /** Runs our program on a machine to its end. */
  kobune(on: Machine, args: readonly string[], options: RunOptions = {}): Promise<Finished> {
    return on.exec(kobune, args, { timeout: commandTimeout, ...options })
  }

  /** As `kobune`, and an error with all that was said when it fails; resolves to the standard output. */
  async ok(on: Machine, args: readonly string[], options: RunOptions = {}): Promise<string> {
    const { code, stdout, stderr } = await this.kobune(on, args, options)
    if (code === 0) return stdout
    throw new Error(`${on.name}: kobune ${args.join(' ')}: exit code ${code}\n${stdout}${stderr}\n${await says(on)}`)
  }

  /** `kobune init` on a machine; remembers how others join. */
  async init(on: Machine, args: readonly string[] = [], options: RunOptions = {}): Promise<string> {
    const stdout = await this.ok(on, ['init', ...args], options)
    this.invitation = invitationOf(stdout)
    return stdout
  }

  async join(
    on: Machine,
    args: readonly string[] = this.invitation!.worker,
    options: RunOptions = {},
  ): Promise<string> {
    return this.ok(on, args, options)
  }

  /** kubectl as an administrator on a machine of the control plane. */
  tryKubectl(on: Machine, args: readonly string[], options: RunOptions = {}): Promise<Finished> {
    return on.exec('kubectl', ['--kubeconfig', adminConf, ...args], options)
  }

  /** As `tryKubectl`, and an error when it fails; resolves to the standard output. */
  kubectl(on: Machine, args: readonly string[], options: RunOptions = {}): Promise<string> {
    return on.ok('kubectl', ['--kubeconfig', adminConf, ...args], options)
  }

  /** Waits until that many nodes, and no others, are Ready. */
  async ready(on: Machine, count: number, timeout = 60_000): Promise<void> {
    await until(
      `${count} nodes are Ready`,
      async () => {
        const text = await this.kubectl(on, ['get', 'nodes', '--no-headers'])
        const lines = text.trim().split('\n')
        if (lines.length === count && lines.every(line => / Ready /.test(line))) return true
        throw new Error(text)
      },
      { timeout },
    )
  }

  /** Gives machines an image of busybox, made on the first. */
  async busybox(...on: readonly Machine[]): Promise<void> {
    const [first, ...others] = on
    const archive = '/var/tmp/busybox.tar'
    await first!.ok('sh', [
      '-ec',
      `mkdir -p /tmp/bb/bin /tmp/bb/tmp
       for each in $(busybox --list); do ln -s busybox /tmp/bb/bin/$each; done
       cp --remove-destination "$(command -v busybox)" /tmp/bb/bin/busybox
       ${kobune} image build ${busybox} /tmp/bb --cmd '["sh"]' --file ${archive}; rm -r /tmp/bb`,
    ])
    for (const machine of others) await copyFile(first!.file(archive), machine.file(archive))
    await Promise.all(
      on.map(async machine => {
        await machine.ok(kobune, ['image', 'import', archive], { timeout: commandTimeout })
        await machine.ok('rm', [archive])
      }),
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab[Symbol.asyncDispose]()
  }
}

/** The join commands out of what `init` or `token create --print-join-command` printed, without the program's name. */
export function invitationOf(text: string): Invitation {
  const commands = [...text.replace(/ \\\n\s*/g, ' ').matchAll(/^\s*kobune (join .*)$/gm)].map(([, line]) =>
    line!.trim().split(/\s+/),
  )
  const worker = commands.find(words => !words.includes('--control-plane'))
  const controlPlane = commands.find(words => words.includes('--control-plane'))
  if (!worker) throw new Error(`there is no join command in:\n${text}`)
  return { worker, controlPlane: controlPlane ?? [...worker, '--control-plane'] }
}

/** Everything one wants to know of a machine when a test of it failed. */
export async function says(machine: Machine): Promise<string> {
  const { stdout } = await machine.exec('sh', [
    '-c',
    `for each in kubelet containerd; do echo "== $each"; tail -n 12 /var/log/kobune/$each.log; done 2>&1 | cut -c 1-400
     for each in /var/log/pods/kube-system_*/*/; do echo "== $each"; tail -qn 4 $each/*.log; done 2>&1 | cut -c 1-300
     kubectl --kubeconfig ${adminConf} get nodes,pods -A 2>&1 | tail -n 30`,
  ])
  return stdout
}

/** The words of a command on each of some machines at once. */
export async function onAll<T>(machines: readonly Machine[], work: (machine: Machine) => Promise<T>): Promise<T[]> {
  return Promise.all(machines.map(work))
}
