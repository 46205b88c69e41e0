/**
 * Virtual machines with real Debian, by hand. Needs root.
 *   npm run lab:vm -- up bookworm|trixie [COUNT]    machines vm1, vm2, ... with Kobune in /opt/kobune
 *   npm run lab:vm -- run NAME COMMAND ...          runs a command on one
 *   npm run lab:vm -- down                          removes them
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { checkout } from '../test/cluster/lab/machine.ts'
import { disk, programDisk, type Suite, suites } from '../test/machine/disk.ts'
import { missing, removeMachines, stateFolder, VirtualMachine } from '../test/machine/machine.ts'

const usage = `usage: npm run lab:vm -- up ${suites.join('|')} [COUNT] | run NAME COMMAND ... | down`

const commands: Readonly<Record<string, (args: readonly string[]) => Promise<number>>> = {
  up: async ([suite = '', count = '1']) => {
    if (!suites.includes(suite as Suite) || !/^[1-4]$/.test(count)) return refuse(usage)
    const lacking = await missing()
    if (lacking) return refuse(lacking)
    await removeMachines()
    const system = await disk(suite as Suite, console.log)
    await mkdir(stateFolder, { recursive: true })
    const program = join(stateFolder, 'program.img')
    await programDisk(checkout, program)
    for (let number = 1; number <= Number(count); number++) {
      const machine = new VirtualMachine(number)
      await machine.boot(system, program)
      console.log(
        `${machine.name} is up at ${machine.address}: npm run lab:vm -- run ${machine.name} /opt/kobune/kobune init`,
      )
    }
    return 0
  },
  run: async ([name = '', command, ...args]) => {
    const [, number] = /^vm([1-4])$/.exec(name) ?? []
    if (!number || !command) return refuse(usage)
    const { code, stdout, stderr } = await new VirtualMachine(Number(number)).exec(command, args)
    process.stdout.write(stdout)
    process.stderr.write(stderr)
    return code ?? 1
  },
  down: async () => {
    await removeMachines()
    return 0
  },
}

function refuse(why: string): number {
  console.error(why)
  return 2
}

const [name = '', ...args] = process.argv.slice(2)
process.exitCode = await (commands[name] ?? (async () => refuse(usage)))(args)
