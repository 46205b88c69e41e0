/** A restored member of etcd is the only one: what starts it names no others any more. */
import { parse, stringify } from 'yaml'
import type { Host } from '../../host/host.ts'
import { type ControlPlaneProcesses, writeControlPlaneProcesses } from '../manifests/processes.ts'
import { manifestFile } from '../phases/manifests.ts'

interface Member {
  readonly name: string
  readonly peerUrl: string
}

/** In the static pod. */
export async function onlyMemberOfPod({ files }: Pick<Host, 'files'>, member: Member): Promise<void> {
  const file = manifestFile('etcd')
  const pod = parse(await files.read(file)) as { spec: { containers: { command: readonly string[] }[] } }
  const [etcd] = pod.spec.containers
  etcd!.command = alone(etcd!.command, member)
  await files.write(file, stringify(pod), { mode: 0o600 })
}

/** In the command lines of a control plane without pods; nothing where etcd is none of them. */
export async function onlyMemberOfProcesses(
  host: Pick<Host, 'files'>,
  processes: ControlPlaneProcesses,
  member: Member,
): Promise<void> {
  const { etcd } = processes.commands
  if (!etcd) return
  await writeControlPlaneProcesses(host, {
    ...processes,
    commands: { ...processes.commands, etcd: alone(etcd, member) },
  })
}

function alone(command: readonly string[], { name, peerUrl }: Member): readonly string[] {
  return command.flatMap(word => {
    if (word.startsWith('--initial-cluster-state=')) return []
    return [word.startsWith('--initial-cluster=') ? `--initial-cluster=${name}=${peerUrl}` : word]
  })
}
