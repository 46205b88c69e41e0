/**
 * `kobune datastore migrate --to etcd`: the cluster of one machine that `kobune up` made becomes a control plane as
 * `kobune init` makes it, with etcd, which other machines can join. Its authorities, its node and its objects stay; the
 * database stays as it is, and `kobune up` goes on with it when the migration fails.
 */
import { copyStore } from '../../storage/copy.ts'
import { bumpEtcdSnapshot } from '../../storage/etcd/snapshot/snapshot-file.ts'
import { readCurrent } from '../../storage/sqlite/read-current.ts'
import { defaultCriSocket } from '../config/facts.ts'
import { configurationWithoutFile } from '../config/load.ts'
import { writeConfiguration } from '../config/write.ts'
import { type Init, type InitOptions, initContext } from '../init.ts'
import { fingerprint, readJournal, writeJournal } from '../journal.ts'
import { etcdPeerUrl } from '../manifests/etcd.ts'
import { staticPods } from '../manifests/static-pod.ts'
import { paths } from '../paths.ts'
import { addonPhase } from '../phases/addons.ts'
import { bootstrapTokenPhase } from '../phases/bootstrap-token.ts'
import { certsPhase, kubeconfigPhase } from '../phases/certs.ts'
import { kubeletFinalizePhase } from '../phases/kubelet-finalize.ts'
import { kubeletStartPhase } from '../phases/kubelet-start.ts'
import { controlPlanePhase, etcdPhase, manifestFile } from '../phases/manifests.ts'
import { markControlPlanePhase } from '../phases/mark-control-plane.ts'
import type { Phase } from '../phases/phase.ts'
import { runtimePhase } from '../phases/runtime.ts'
import { uploadConfigPhase } from '../phases/upload-config.ts'
import { verifyPhase } from '../phases/verify.ts'
import { waitControlPlanePhase } from '../phases/wait-control-plane.ts'
import { portTaken } from '../preflight/up-checks.ts'
import { removeService } from '../service.ts'
import { stopKubelet } from '../services.ts'
import { type Settings, savedSettings, settingsFile } from '../settings.ts'
import { restoreWith } from '../snapshot/restore-tool.ts'
import { installPackages, missingPackages } from '../steps/packages.ts'
import { processPlaces } from '../steps/processes.ts'
import { withTemporaryEtcd } from './temporary-etcd.ts'

export interface Grow extends Init {
  /** The new control plane answers: there is no way back any more. */
  answers?: boolean
}

export type GrowOptions = Pick<InitOptions, 'host' | 'install' | 'program' | 'signal' | 'say'>

/** Throws on a machine without a cluster of `kobune up`. */
export async function growContext(options: GrowOptions): Promise<Grow> {
  const settings = await savedSettings(options.host)
  if (!settings) throw new Error('this machine has no cluster of `kobune up`; kobune init makes a new one with etcd')
  const { nodeName, apiAddress } = settings
  const facts = { nodeName, advertiseAddress: apiAddress, criSocket: defaultCriSocket }
  const { init, cluster } = configurationWithoutFile({ kind: 'init', facts, flags: configurationOf(settings) })
  const none = { uploadCerts: false, showToken: false, showCertificateKey: false }
  // Nobody has asked for a token yet.
  return { ...initContext({ ...options, init: init!, cluster: cluster!, ...none }), bootstrapTokens: [] }
}

/** The settings of `up` as a configuration. The node keeps taking pods: they run on it now. */
function configurationOf(settings: Settings) {
  const { nodeName, apiAddress, apiPort, podCidr, serviceCidr, clusterDomain } = settings
  return {
    init: {
      localAPIEndpoint: { advertiseAddress: apiAddress, bindPort: apiPort },
      nodeRegistration: { name: nodeName, taints: [] },
    },
    cluster: {
      networking: { podSubnet: podCidr, serviceSubnet: serviceCidr, dnsDomain: clusterDomain },
      apiServer: { certSANs: ['localhost', '127.0.0.1'] },
    },
  }
}

const folder = `${paths.state}/migrate`
const tools = ['etcd-server', 'etcd-client'] as const

const preflightPhase: Phase<Grow> = {
  name: 'preflight',
  does: 'Look at the machine',
  async run({ host, cluster }) {
    if (await readJournal(host)) throw new Error('this machine is a node made by kobune init or join already')
    if (!(await host.files.exists(paths.database))) throw new Error(`${paths.database} does not exist: kobune up`)
    const { dataDir } = (await cluster()).etcd.local!
    if ((await host.files.list(dataDir)).length)
      throw new Error(`${dataDir} is not empty: is that the etcd of another cluster? Move it away first`)
    for (const port of [2379, 2380, 10248, 10257, 10259]) {
      const taken = await portTaken(port)
      if (taken) throw new Error(`${taken.message}; see ${taken.mend}`)
    }
  },
}

const packagePhase: Phase<Grow> = {
  name: 'packages',
  does: 'Install Debian packages',
  when: async context => (await missingPackages(context, tools)).length > 0,
  run: async (context, note) => installPackages(context, note, tools),
}

/** Without containerd's own part: the one that runs is taken over only when the old agent is gone. */
const imagesPhase: Phase<Grow> = {
  ...runtimePhase.phases!.find(({ name }) => name === 'images')!,
} as Phase<Grow>

const containerdPhase: Phase<Grow> = {
  ...runtimePhase.phases!.find(({ name }) => name === 'containerd')!,
} as Phase<Grow>

const stopPhase: Phase<Grow> = {
  name: 'stop',
  does: 'Stop server and agent; pods go on running',
  async run({ host }) {
    for (const place of [processPlaces.agent, processPlaces.server]) await removeService(host, place)
  },
}

const copyPhase: Phase<Grow> = {
  name: 'copy',
  does: 'Copy everything from SQLite to etcd',
  async run(context, note) {
    const { host, node, endpoint, say } = context
    const { certificatesDir, etcd } = await context.cluster()
    const { dataDir } = etcd.local!
    const member = { name: node.name, peerUrl: etcdPeerUrl(endpoint.advertiseAddress) }
    const common = { host, ...member, pki: `${certificatesDir}/etcd`, folder }
    await host.files.remove(folder)
    await host.files.makeDirectory(folder, { mode: 0o700 })
    await host.files.makeDirectory(dataDir, { mode: 0o700 })
    const { entries, revision } = readCurrent(paths.database)
    try {
      // An empty etcd first, whose revision is then brought to that of the old store: none is seen twice.
      note('preparing etcd')
      const empty = `${folder}/empty.db`
      await withTemporaryEtcd({ ...common, dataDir: `${folder}/empty` }, async store => store.snapshot(empty))
      await bumpEtcdSnapshot(empty, `${folder}/bumped.db`, revision)
      await restoreWith(host, `${folder}/bumped.db`, { dataDir: `${folder}/data`, ...member, token: 'etcd-cluster' })
      await host.files.remove(`${dataDir}/member`)
      const { keys } = await withTemporaryEtcd({ ...common, dataDir: `${folder}/data` }, async store => {
        await store.delete('kobune.io/restored')
        return copyStore({ entries, to: store, above: revision, note })
      })
      await moveData(context, `${folder}/data/member`, `${dataDir}/member`)
      say(`  ${keys} keys are copied and compared`)
    } finally {
      await host.files.remove(folder)
    }
  },
}

/** Another file system may hold etcd's data: then it is copied. */
async function moveData({ host }: Grow, from: string, to: string): Promise<void> {
  await host.processes.run('cp', ['-a', from, to], { timeout: 600_000 })
  await host.files.remove(from)
}

const journalPhase: Phase<Grow> = {
  name: 'journal',
  does: 'Make the machine a node as init makes it',
  async run(context) {
    const { host, node, endpoint } = context
    const cluster = await context.cluster()
    await writeJournal(host, {
      command: 'init',
      nodeName: node.name,
      controlPlane: true,
      criSocket: node.criSocket,
      fingerprint: fingerprint(writeConfiguration('cluster', cluster), node.name, JSON.stringify(endpoint)),
      finished: false,
    })
  },
}

/** From here on the machine is no machine of `up` any more. */
const answersPhase: Phase<Grow> = {
  name: 'settle',
  does: 'Put the settings of up aside',
  async run(context) {
    const { host } = context
    context.answers = true
    if (await host.files.exists(settingsFile)) await host.files.rename(settingsFile, `${settingsFile}.migrated`)
    const journal = await readJournal(host)
    if (journal) await writeJournal(host, { ...journal, finished: true })
  },
}

const tellPhase: Phase<Grow> = {
  name: 'finish',
  does: 'Tell what comes next',
  run: async ({ say }) =>
    say(`This machine is a control plane with etcd now. The old database is kept: ${paths.database}
Other machines join with what these print:
  kobune token create --print-join-command
  kobune init phase upload-certs --upload-certs      (for machines of the control plane: add --control-plane --certificate-key KEY)`),
}

/** The whole of it. */
export const growPhases: readonly Phase<Grow>[] = [
  preflightPhase,
  packagePhase,
  certsPhase,
  kubeconfigPhase(['admin.conf', 'super-admin.conf', 'kubelet.conf', 'controller-manager.conf', 'scheduler.conf']),
  imagesPhase,
  stopPhase,
  copyPhase,
  journalPhase,
  containerdPhase,
  etcdPhase,
  controlPlanePhase,
  kubeletStartPhase,
  waitControlPlanePhase,
  answersPhase,
  uploadConfigPhase,
  markControlPlanePhase,
  bootstrapTokenPhase,
  kubeletFinalizePhase,
  addonPhase,
  verifyPhase,
  tellPhase,
]

/** After a failure: as it was before, so that `kobune up` goes on with the old database. Says what to do. */
export async function goBack(context: Grow): Promise<string> {
  const { host } = context
  if (context.answers)
    return 'the control plane on etcd runs; finish with: kobune init phase upload-config all, kobune init phase bootstrap-token, kobune init phase addon all'
  if (await readJournal(host)) {
    await stopKubelet({ host })
    for (const name of staticPods) await host.files.remove(manifestFile(name))
    await host.files.remove(paths.journal)
  }
  const { etcd } = await context.cluster()
  await host.files.remove(`${etcd.local!.dataDir}/member`)
  return 'nothing is lost: kobune up goes on with the old database'
}
