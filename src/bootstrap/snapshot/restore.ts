/**
 * `kobune snapshot restore`: what a cluster stored comes back out of a snapshot, with this machine as etcd's only member.
 * Nothing of the present state is deleted: it is put aside.
 */
import { delay } from '../../base/clock.ts'
import { criClient } from '../../kubelet/cri/cri.ts'
import { etcdStorage } from '../../storage/etcd/etcd.ts'
import { bumpEtcdSnapshot, etcdMembersIn, etcdSnapshotValue } from '../../storage/etcd/snapshot/snapshot-file.ts'
import type { SnapshotStatus } from '../../storage/snapshot-status.ts'
import { restoreSqlite } from '../../storage/sqlite/snapshot-file.ts'
import { startControlPlaneProcesses, stopControlPlaneProcesses } from '../control-plane-services.ts'
import { etcdAccess } from '../etcd-access.ts'
import { hasQuorum } from '../etcd-quorum.ts'
import { argumentOf } from '../manifests/arguments.ts'
import { etcdPeerUrl } from '../manifests/etcd.ts'
import { readControlPlaneProcesses } from '../manifests/processes.ts'
import { staticPods } from '../manifests/static-pod.ts'
import { writtenCommand } from '../manifests/written.ts'
import { hostPort } from '../node-context.ts'
import { paths } from '../paths.ts'
import type { Phase } from '../phases/phase.ts'
import { healthOf } from '../phases/wait-control-plane.ts'
import { type KubeletService, startKubelet, stopKubelet } from '../services.ts'
import { savedSettings } from '../settings.ts'
import { installPackages } from '../steps/packages.ts'
import { onlyMemberOfPod, onlyMemberOfProcesses } from './only-member.ts'
import { restoreTool, restoreWith } from './restore-tool.ts'
import { snapshotStatus } from './status.ts'

export interface Restore extends KubeletService {
  readonly file: string
  /** Of the member to be, where this machine has none yet. */
  readonly nodeName: string
  readonly address: string
  readonly criSocket: string
  /** By how much revisions grow, so that none that a client has seen comes again. */
  readonly bump: number
  /** Also where the present state is well. */
  readonly force: boolean
  readonly install: boolean
  readonly say: (line: string) => void
  /** Names what is put aside: the same in all phases. */
  readonly stamp: string
  status?: SnapshotStatus
  /** The revision of the restored store. */
  revision?: number
}

/** The member of this machine's etcd: as its static pod says, else as it is going to be. */
async function memberOf({ host, nodeName, address }: Restore) {
  const command = await writtenCommand(host, 'etcd')
  const value = (name: string) => command && argumentOf(command, name)
  return {
    exists: command !== undefined,
    name: value('name') ?? nodeName,
    peerUrl: value('initial-advertise-peer-urls') ?? etcdPeerUrl(address),
    dataDir: value('data-dir') ?? '/var/lib/etcd',
    clientUrl: value('advertise-client-urls'),
  }
}

/** Where other members were, as the data of this one says; it may be in use, or lost. */
async function otherMembers(context: Restore): Promise<readonly string[]> {
  const { dataDir, clientUrl } = await memberOf(context)
  const database = `${dataDir}/member/snap/db`
  if (!(await context.host.files.exists(database))) return []
  try {
    return etcdMembersIn(database).filter(url => url !== clientUrl)
  } catch (error) {
    context.say(`  ${database} does not tell who the other members are: ${(error as Error).message}`)
    return []
  }
}

const isEtcd = ({ status }: Restore) => status?.kind === 'etcd'
/** Whether there is a control plane to stop and to start here: with a member of etcd, or in one process over SQLite. */
const onControlPlane = async (context: Restore) =>
  isEtcd(context) ? (await memberOf(context)).exists : (await readControlPlaneProcesses(context.host)) !== undefined

const verifyPhase: Phase<Restore> = {
  name: 'verify',
  does: 'Verify the snapshot',
  run: async context => {
    context.status = await snapshotStatus(context.file)
  },
}

const preflightPhase: Phase<Restore> = {
  name: 'preflight',
  does: 'Make sure that nothing is lost',
  async run(context, note) {
    const { host, force } = context
    const processes = await readControlPlaneProcesses(host)
    if (!isEtcd(context)) {
      if (await onEtcd(context)) throw new Error('this machine runs etcd: a snapshot of a SQLite store is not for it')
      if (processes) return checkForce(context)
      if (await host.processes.running(paths.serverPid))
        throw new Error('the server runs, and has its database open; stop it with: kobune down')
      return
    }
    if (processes && !(await onEtcd(context)))
      throw new Error('this machine keeps its state in SQLite: a snapshot of etcd is not for it')
    const access = await etcdAccess(host)
    if (access?.kind === 'external')
      throw new Error(
        `etcd is external here (${access.endpoints.join(', ')}): restore it where it runs, with etcdctl snapshot restore`,
      )
    if (await savedSettings(host))
      throw new Error(
        'this machine has a cluster of `kobune up`, whose store is SQLite: a snapshot of etcd is not for it',
      )
    const member = await memberOf(context)
    if (!access) {
      if ((await host.files.list(`${member.dataDir}/member`)).length && !force)
        throw new Error(`${member.dataDir} holds data of an etcd; --force puts it aside`)
      return
    }
    note('asking the members of etcd')
    const theirs = await otherMembers(context)
    const [others, own] = await Promise.all([hasQuorum(access, theirs), hasQuorum(access, access.endpoints)])
    if (others)
      throw new Error(
        `etcd goes on at ${theirs.join(', ')}: restored here, there would be two clusters. Take those machines out first (kobune nodes remove NAME, then kobune reset on each)`,
      )
    if (own && !force)
      throw new Error(
        'etcd is well on this machine: restoring throws away all that was written since the snapshot; --force does it',
      )
  },
}

/** A control plane over SQLite that is well loses what was written since. */
async function checkForce(context: Restore): Promise<void> {
  if (context.force || (await healthOf(await readyUrl(context))) !== undefined) return
  throw new Error(
    'the control plane of this machine is well: restoring throws away all that was written since the snapshot; --force does it',
  )
}

async function readyUrl({ host, address }: Restore): Promise<string> {
  const words = (await writtenCommand(host, 'kube-apiserver')) ?? []
  const port = argumentOf(words, 'secure-port') ?? '6443'
  return `https://${hostPort(argumentOf(words, 'advertise-address') ?? address, port)}/readyz`
}

const onEtcd = async ({ host }: Restore) => (await writtenCommand(host, 'etcd')) !== undefined

const packagePhase: Phase<Restore> = {
  name: 'packages',
  does: 'Install Debian packages',
  when: async context => isEtcd(context) && (await restoreTool(context.host)) === undefined,
  run: async (context, note) => installPackages(context, note, ['etcd-client']),
}

/** Where the new data is made, beside the old: on the same file system. */
const fresh = (dataDir: string, stamp: string) => `${dataDir}/restored-${stamp}`

const dataPhase: Phase<Restore> = {
  name: 'data',
  does: 'Make the new data of etcd',
  when: isEtcd,
  async run(context) {
    const { host, file, bump, stamp } = context
    const { name, peerUrl, dataDir } = await memberOf(context)
    await host.files.makeDirectory(dataDir, { mode: 0o700 })
    const bumped = `${dataDir}/snapshot-${stamp}.db`
    const to = fresh(dataDir, stamp)
    try {
      context.revision = (await bumpEtcdSnapshot(file, bumped, bump)).revision
      await host.files.changeMode(bumped, 0o600)
      // A member of old that comes back must not take this for its cluster.
      await restoreWith(host, bumped, { dataDir: to, name, peerUrl, token: `kobune-restored-${stamp}` })
    } catch (error) {
      await host.files.remove(to)
      throw error
    } finally {
      await host.files.remove(bumped)
    }
  },
}

const stopPhase: Phase<Restore> = {
  name: 'stop',
  does: 'Stop the control plane of this machine',
  when: onControlPlane,
  async run({ host, criSocket }) {
    if (await readControlPlaneProcesses(host)) return stopControlPlaneProcesses({ host })
    // Whoever looks after the pods goes first, or it would start them again.
    await stopKubelet({ host })
    const cri = criClient({ socket: criSocket.replace(/^unix:\/\//, '') })
    try {
      const running = await cri.listContainers({ state: 'CONTAINER_RUNNING' })
      const names: readonly string[] = staticPods
      const own = running.filter(({ labels }) => names.includes(labels['io.kubernetes.container.name'] ?? ''))
      await Promise.all(own.map(({ id }) => cri.stopContainer(id, 10)))
    } finally {
      cri.close()
    }
  },
}

const swapPhase: Phase<Restore> = {
  name: 'swap',
  does: 'Put the old data aside and the new in its place',
  async run(context) {
    const { host, stamp, say, file, bump } = context
    if (!isEtcd(context)) {
      const aside = `${paths.database}.before-${stamp}`
      const to = `${paths.database}.restored`
      await host.files.remove(to)
      await host.files.makeDirectory(paths.database.replace(/\/[^/]+$/, ''), { mode: 0o700 })
      context.revision = restoreSqlite(file, to, bump).revision
      if (await host.files.exists(paths.database)) {
        await host.files.rename(paths.database, aside)
        // What was not yet folded into it belongs to it.
        if (await host.files.exists(`${paths.database}-wal`))
          await host.files.rename(`${paths.database}-wal`, `${aside}-wal`)
        say(`  the old store is kept in ${aside}`)
      }
      return host.files.rename(to, paths.database)
    }
    const { dataDir } = await memberOf(context)
    if (await host.files.exists(`${dataDir}/member`)) {
      const aside = `${dataDir}/before-${stamp}`
      await host.files.rename(`${dataDir}/member`, aside)
      say(`  the old data is kept in ${aside}`)
    }
    await host.files.rename(`${fresh(dataDir, stamp)}/member`, `${dataDir}/member`)
    await host.files.remove(fresh(dataDir, stamp))
  },
}

const startPhase: Phase<Restore> = {
  name: 'start',
  does: 'Start the control plane of this machine',
  when: onControlPlane,
  async run(context, note) {
    const { host, signal } = context
    const processes = await readControlPlaneProcesses(host)
    if (processes) {
      await onlyMemberOfProcesses(host, processes, await memberOf(context))
      await startControlPlaneProcesses({ host })
    } else {
      await onlyMemberOfPod(host, await memberOf(context))
      await startKubelet(context, note)
    }
    if (isEtcd(context)) {
      const access = (await etcdAccess(host))!
      note('etcd is starting')
      const store = await etcdStorage({ ...access, patience: 120_000 })
      try {
        // Whoever watches from before must begin anew: what it has seen may not be there any more.
        await store.compact(context.revision!)
      } finally {
        await store.close()
      }
    }
    const url = await readyUrl(context)
    for (;;) {
      const said = await healthOf(url)
      if (said === undefined) return
      note(`kube-apiserver ${said}`)
      await delay(100, signal)
    }
  },
}

const tellPhase: Phase<Restore> = {
  name: 'tell',
  does: 'Tell what comes next',
  async run(context) {
    const { host, say, revision, status } = context
    say(`Restored ${status!.totalKey} keys; the revision is now ${revision}.`)
    const here = await onControlPlane(context)
    if (!isEtcd(context)) return say(here ? 'The control plane is up again.' : 'Start the cluster with: kobune up')
    if (here) {
      say(`This machine is etcd's only member now. On each other machine of the control plane: kobune reset --force, then
let it join again (kobune token create --print-join-command; kobune init phase upload-certs --upload-certs).
Nodes of machines that are gone: kobune nodes remove NAME --force`)
      return
    }
    const configuration = clusterConfiguration(context.file)
    if (configuration) {
      await host.files.write(restoredConfiguration, configuration, { mode: 0o600 })
    }
    say(`The data is in place. The certificate authorities and keys of the cluster belong to it: kobune certs import FILE
Then start a control plane on it:
  kobune init${configuration ? ` --config ${restoredConfiguration}` : ''} --ignore-preflight-errors=DirAvailable--var-lib-etcd`)
  },
}

const restoredConfiguration = `${paths.kubernetes}/restored-cluster.yaml`

/** ClusterConfiguration, as the cluster kept it. */
function clusterConfiguration(file: string): string | undefined {
  const text = etcdSnapshotValue(file, '/registry/configmaps/kube-system/kubeadm-config')?.toString('utf8')
  return (
    text &&
    (JSON.parse(text) as { readonly data?: { readonly ClusterConfiguration?: string } }).data?.ClusterConfiguration
  )
}

/** The whole of it. */
export const restorePhases: readonly Phase<Restore>[] = [
  verifyPhase,
  preflightPhase,
  packagePhase,
  dataPhase,
  stopPhase,
  swapPhase,
  startPhase,
  tellPhase,
]
