/**
 * The lab of the cluster tests, by hand: `npm run lab -- up [COUNT]` makes machines m1, m2, ... of namespaces,
 * `npm run lab -- enter NAME [COMMAND ...]` goes into one (or `outside`), `npm run lab -- down` removes all. Needs root.
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

const usage = 'usage: npm run lab -- up [COUNT] | enter NAME [COMMAND ...] | down'
const folder = join(labsFolder, labByHand)

const commands: Readonly<Record<string, (args: readonly string[]) => Promise<number>>> = {
  up: async ([count = '1']) => {
    const lacking = await missing()
    if (lacking) return refuse(`the lab ${lacking}`)
    if (existsSync(folder)) return refuse('there is a lab already; remove it with: npm run lab -- down')
    const lab = await Lab.create({ name: labByHand })
    for (let i = 1; i <= Number(count); i++) {
      const { name, address } = await lab.machine(`m${i}`)
      console.log(`${name} has the address ${address}; go in with: npm run lab -- enter ${name}`)
    }
    console.log(`The outside world: npm run lab -- enter outside
A cluster on m1:   npm run lab -- enter m1 ${checkout}/kobune up
Remove it all:     npm run lab -- down`)
    return 0
  },
  enter: async ([name = '', ...command]) => {
    const group = new RegExp(`^(\\d+) \\d+ (\\S+\\.${name})$`, 'm')
    const all = await readFile(join(folder, 'processes'), 'utf8').catch(() => '')
    const [, power, its = ''] = group.exec(all) ?? []
    const children = power && (await readFile(`/proc/${power}/task/${power}/children`, 'utf8').catch(() => ''))
    if (!children) return refuse(`no machine ${name} is on`)
    const door = fileURLToPath(new URL('../test/cluster/lab/enter.sh', import.meta.url))
    const inside = command.length ? command : ['bash']
    const { TERM = 'xterm', PATH = '' } = process.env
    const env = { TERM, PATH, HOME: '/root', USER: 'root', LANG: 'C.UTF-8' }
    const { status } = spawnSync(door, [children.trim(), its, '/root', ...inside], { stdio: 'inherit', env })
    return status ?? 1
  },
  down: async () => {
    await removeLab(labByHand)
    return 0
  },
}

function refuse(why: string): number {
  console.error(why)
  return 1
}

const [name = '', ...args] = process.argv.slice(2)
process.exitCode = await (commands[name] ?? (async () => refuse(usage)))(args)
