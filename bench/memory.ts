/**
 * What a control plane takes of a small machine: `sh scripts/node.sh bench/memory.ts [SECONDS]`. In a machine of the lab
 * (root): `kobune init`, nothing asked of it for a while (default: two minutes), then the memory of every process.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { missing } from '../test/cluster/lab/needs.ts'
import { KubeadmCluster } from '../test/cluster/support/kubeadm-cluster.ts'
import { type MachineMemory, memoryOf, type ProcessMemory } from '../test/cluster/support/memory.ts'
import { benchmark, type Row, take } from './support/report.ts'

const idle = Number(process.argv[2] ?? 120)

await benchmark(import.meta.filename, async stack => {
  const lacking = await missing()
  if (lacking) throw new Error(lacking)
  const cluster = await take(stack, KubeadmCluster.bare('cp1'))
  const [machine] = cluster.machines
  await cluster.init(machine!, ['--timeout', '5m'])
  // Pods of the cluster run on this machine, too: it is the only one.
  await cluster.tryKubectl(machine!, ['taint', 'nodes', '--all', 'node-role.kubernetes.io/control-plane-'])
  await cluster.kubectl(machine!, ['-n', 'kube-system', 'rollout', 'status', 'deployment/coredns', '--timeout', '60s'])
  await delay(idle * 1000)
  const memory = await memoryOf(machine!)
  printProcesses(memory)
  return rowsOf(memory)
})

function printProcesses({ processes }: MachineMemory): void {
  const line = (name: string, ...cells: readonly (string | number)[]) =>
    console.log(
      [name.padEnd(26), ...cells.map(cell => (typeof cell === 'number' ? cell.toFixed(1) : cell).padStart(10))].join(
        '',
      ),
    )
  line('MB', 'RSS', 'PSS', 'anonymous')
  for (const { name, rss, pss, anonymous } of processes) line(name, rss, pss, anonymous)
}

function rowsOf({ processes, total }: MachineMemory): Row[] {
  const common = { unit: 'MB', better: 'less' } as const
  const of = (...names: readonly string[]) => processes.filter(({ name }) => names.includes(name))
  const pss = (all: readonly ProcessMemory[]) => all.reduce((sum, each) => sum + each.pss, 0)
  const parts = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'etcd', 'kube-proxy', 'kubelet', 'dns']
  return [
    { what: 'all of an idle control plane node', value: total, target: 300, ...common },
    ...parts.map(name => ({ what: `${name} (PSS)`, value: pss(of(name)), ...common })),
    {
      what: 'containerd and its shims (PSS)',
      value: pss(processes.filter(p => /^containerd/.test(p.name))),
      ...common,
    },
  ]
}
