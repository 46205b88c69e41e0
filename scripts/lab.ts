/**
 * The lab of the cluster tests, by hand. Needs root. `--lab NAME` keeps several labs side by side; they do not meet.
 *   npm run lab -- up 3            bare machines m1, m2, m3, made of namespaces
 *   npm run lab -- up 3+2          the same with a cluster on them: three of the control plane, two workers
 *   npm run lab -- enter NAME [COMMAND ...]    goes into a machine, or into the `outside` world
 *   npm run lab -- down            removes all of it
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Lab } from '../test/cluster/lab/lab.ts'
import { labByHand, labsFolder, removeLab } from '../test/cluster/lab/leftovers.ts'
import { checkout } from '../test/cluster/lab/machine.ts'
import { missing } from '../test/cluster/lab/needs.ts'
import { KubeadmCluster } from '../test/cluster/support/kubeadm-cluster.ts'

const usage = 'usage: npm run lab -- [--lab NAME] up [COUNT | CONTROL-PLANE+WORKERS] | enter NAME [COMMAND ...] | down'

const commands: Readonly<Record<string, (lab: string, args: readonly string[]) => Promise<number>>> = {
  up: async (lab, [machines = '1']) => {
    const [, count = '', , workers] = /^([1-9]\d?)(\+(\d\d?))?$/.exec(machines) ?? []
    if (!count) return refuse(usage)
    const lacking = await missing()
    if (lacking) return refuse(`the lab ${lacking}`)
    if (existsSync(join(labsFolder, lab))) return refuse(`there is a lab already; remove it with: ${npm(lab)} down`)
    const total = Number(count) + Number(workers ?? 0)
    const cluster = await KubeadmCluster.of(
      await Lab.create({ name: lab }),
      Array.from({ length: total }, (_, i) => `m${i + 1}`),
    )
    for (const { name, address } of cluster.machines) console.log(`${name} has the address ${address}`)
    if (workers !== undefined) await bringUp(cluster, Number(count))
    console.log(`Go in:             ${npm(lab)} enter m1
The outside world: ${npm(lab)} enter outside
${
  workers === undefined
    ? `A cluster on m1:   ${npm(lab)} enter m1 ${checkout}/kobune init`
    : `Look at it:        ${npm(lab)} enter m1 kubectl --kubeconfig /etc/kubernetes/admin.conf get nodes`
}
Remove it all:     ${npm(lab)} down`)
    return 0
  },
  enter: async (lab, [name = '', ...command]) => {
    const all = await readFile(join(labsFolder, lab, 'processes'), 'utf8').catch(() => '')
    const [, power, its = ''] = new RegExp(`^(\\d+) \\d+ (\\S+\\.${name})$`, 'm').exec(all) ?? []
    const children = power && (await readFile(`/proc/${power}/task/${power}/children`, 'utf8').catch(() => ''))
    if (!children) return refuse(`no machine ${name} is on`)
    const door = fileURLToPath(new URL('../test/cluster/lab/enter.sh', import.meta.url))
    const inside = command.length ? command : ['bash']
    const { TERM = 'xterm', PATH = '' } = process.env
    const env = { TERM, PATH, HOME: '/root', USER: 'root', LANG: 'C.UTF-8' }
    const { status } = spawnSync(door, [children.trim(), its, '/root', ...inside], { stdio: 'inherit', env })
    return status ?? 1
  },
  down: async lab => {
    await removeLab(lab)
    return 0
  },
}

/** A cluster as its users make one, with all others joining at once. */
async function bringUp(cluster: KubeadmCluster, controlPlane: number): Promise<void> {
  const [first, ...others] = cluster.machines
  const began = Date.now()
  console.log('kobune init on m1, kobune join on the others ...')
  await cluster.init(first!, ['--upload-certs'])
  const { invitation } = cluster
  await Promise.all(
    others.map((machine, i) =>
      cluster.join(machine, i < controlPlane - 1 ? invitation!.controlPlane : invitation!.worker),
    ),
  )
  await cluster.ready(first!, cluster.machines.length)
  console.log(`${cluster.machines.length} nodes are Ready after ${((Date.now() - began) / 1000).toFixed(1)} s`)
}

const npm = (lab: string) => `npm run lab --${lab === labByHand ? '' : ` --lab ${lab.slice(labByHand.length + 1)}`}`

function refuse(why: string): number {
  console.error(why)
  return 1
}

const words = process.argv.slice(2)
const other = words[0] === '--lab' ? words.splice(0, 2)[1] : undefined
const lab = other ? `${labByHand}-${other}` : labByHand
const [name = '', ...args] = words
const command = other && !/^[a-z0-9]+$/.test(other) ? undefined : commands[name]
process.exitCode = await (command ?? (async () => refuse(usage)))(lab, args)
