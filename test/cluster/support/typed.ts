/** What a text tells its readers to type, as they would: in a shell of a machine, in which sudo and kobune are found. */
import { cp, mkdir } from 'node:fs/promises'
import type { Machine } from '../lab/machine.ts'
import type { Finished } from '../lab/run.ts'
import { kobune } from './cluster.ts'
import { adminConf } from './kubeadm-cluster.ts'

/** Longest time of one block of commands, milliseconds. */
const timeout = 180_000

const scripts: Readonly<Record<string, string>> = {
  kobune: `#!/bin/sh\nexec ${kobune} "$@"\n`,
  sudo: '#!/bin/sh\n[ "$1" = -E ] && shift\nexec "$@"\n',
  // There is no ssh between machines of the lab: files wait here until they are carried over.
  scp: `#!/bin/sh\nto=\${2#*@}\nmkdir -p "/srv/scp/\${to%%:*}"\ncp "$1" "/srv/scp/\${to%%:*}/\${to#*:}"\n`,
}

/** Lays out the programs and the names that a text takes for granted. */
export async function furnish(machine: Machine, hosts: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, script] of Object.entries(scripts))
    await machine.ok('sh', ['-ec', `cat > /usr/local/bin/${name}; chmod 755 /usr/local/bin/${name}`], { input: script })
  const lines = Object.entries(hosts).map(([name, address]) => `${address} ${name}\n`)
  await machine.ok('sh', ['-c', 'cat >> /etc/hosts'], { input: lines.join('') })
}

/** Types a block of commands; where a text says kubeadm, kobune is typed. */
export function tryTyped(machine: Machine, text: string): Promise<Finished> {
  const env = { KUBECONFIG: adminConf }
  return machine.exec('bash', ['-ec', text.replace(/\bkubeadm (?=[a-z])/g, 'kobune ')], { env, timeout })
}

/** As `tryTyped`, and an error when a command fails; resolves to what they print. */
export async function typed(machine: Machine, text: string): Promise<string> {
  const { code, stdout, stderr } = await tryTyped(machine, text)
  if (code !== 0) throw new Error(`${machine.name}: ${text}: exit code ${code}\n${stdout}${stderr}`)
  return stdout
}

/** Brings files that were copied with scp to the home of a user there. */
export async function carry(from: Machine, to: Machine, user: string): Promise<void> {
  const home = to.file(`/home/${user}`)
  await mkdir(home, { recursive: true })
  await cp(from.file(`/srv/scp/${to.address}`), home, { recursive: true })
}
