import { existsSync } from 'node:fs'
import { linuxProcesses } from '../../../src/host/processes.ts'

const programs = [
  'unshare',
  'nsenter',
  'setpriv',
  'script',
  'ip',
  'nft',
  'iptables',
  'conntrack',
  'containerd',
  'runc',
  'kubectl',
  'busybox',
  'curl',
]

/** Why the lab cannot be built here, or false: for the `skip` of a test. */
export async function missing(...more: readonly string[]): Promise<string | false> {
  if (process.getuid?.() !== 0) return 'needs root: it builds machines of namespaces'
  for (const program of [...programs, ...more]) {
    if (!(await linuxProcesses.find(program))) return `needs the program ${program}`
  }
  if (!existsSync('/usr/lib/cni/bridge')) return 'needs the CNI plugins: apt-get install containernetworking-plugins'
  return false
}
