/** kubeadm's checks of a machine that is to become a node, by kubeadm's names. Nothing is changed by looking. */
import { availableParallelism, totalmem } from 'node:os'
import type { Host } from '../../host/host.ts'
import { criClient } from '../../kubelet/cri/cri.ts'
import { staticPods } from '../manifests/static-pod.ts'
import type { NodeContext } from '../node-context.ts'
import { paths } from '../paths.ts'
import { manifestFile, socketOf } from '../phases/manifests.ts'
import { ownRuntime, packagesOf } from '../phases/runtime.ts'
import { missingPackages } from '../steps/packages.ts'
import type { Finding } from './finding.ts'
import { diskSpace, portTaken } from './up-checks.ts'

/** Several findings of one check, or none. */
type Found = Omit<Finding, 'check'> | undefined
type Check = readonly [name: string, run: (context: NodeContext) => Promise<Found> | Found]

export interface NodeChecksOptions {
  /** This run takes up one that was cut off: files and ports of our own are no reason against it. */
  readonly resumed: boolean
}

/** Bytes below which a control plane does not fit. kubeadm asks for 1700 MB. */
const leastMemory = 512 * 1000 * 1000

/** Everything that speaks against this machine, in the order of the table. */
export async function checkNode(context: NodeContext, { resumed }: NodeChecksOptions): Promise<readonly Finding[]> {
  const checks = [...common, ...(resumed ? [] : await fresh(context)), ...(context.endpoint ? controlPlane : [])]
  const found = await Promise.all(
    checks.map(async ([check, run]) => {
      const result = await run(context)
      return result && { check, ...result }
    }),
  )
  return found.filter(finding => finding !== undefined)
}

const dash = (path: string) => path.replace(/\//g, '-')
/** A file that must not be there yet. */
const absent = (path: string): Check => [
  `FileAvailable-${dash(path)}`,
  async ({ host }) =>
    (await host.files.exists(path)) ? { message: `${path} already exists`, mend: 'kobune reset' } : undefined,
]
const port = (number: number): Check => [`Port-${number}`, () => portTaken(number)]

const common: readonly Check[] = [
  [
    'IsPrivilegedUser',
    ({ dryRun }) =>
      dryRun || process.getuid?.() === 0
        ? undefined
        : { message: 'user is not running as root', mend: 'sudo kobune ...' },
  ],
  [
    'Kobune-Up',
    async ({ host }) =>
      (await host.files.exists(`${paths.state}/settings.json`))
        ? { message: 'this machine has a cluster made by kobune up', mend: 'kobune down --purge' }
        : undefined,
  ],
  ['SystemVerification', ({ host }) => cgroups(host)],
  ['SystemVerification', ({ host }) => fileSystem(host)],
  [
    'Hostname',
    ({ node }) =>
      /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(node.name)
        ? undefined
        : {
            message: `hostname ${JSON.stringify(node.name)} is no valid name of a node`,
            mend: 'kobune ... --node-name NAME',
          },
  ],
  [
    'Swap',
    async ({ host }) => {
      const lines = ((await host.files.readIfThere('/proc/swaps')) ?? '').trim().split('\n')
      return lines.length > 1
        ? { message: 'swap is supported for cgroup v2 only; pods may be slow', mend: 'swapoff -a', warning: true }
        : undefined
    },
  ],
  ['DiskSpace', diskSpace],
  ['FileExisting', missingPrograms],
  ['CRI', runtimeAnswers],
  [
    'HTTPProxy',
    ({ endpoint }) => {
      const proxy = process.env.https_proxy ?? process.env.HTTPS_PROXY
      const excepted = (process.env.no_proxy ?? process.env.NO_PROXY ?? '').split(',')
      return proxy && endpoint && !excepted.includes(endpoint.advertiseAddress)
        ? {
            message: `connection to "${endpoint.advertiseAddress}" uses proxy "${proxy}"`,
            mend: `export no_proxy=${endpoint.advertiseAddress},$no_proxy`,
            warning: true,
          }
        : undefined
    },
  ],
]

/** Of a machine on which nothing was begun. */
async function fresh(context: NodeContext): Promise<readonly Check[]> {
  const { endpoint } = context
  const files = [paths.kubeletConf, paths.bootstrapKubeletConf]
  if (!endpoint) return [port(10250), ...files.map(absent), absent(`${paths.pki}/ca.crt`)]
  const { etcd } = await context.cluster()
  return [
    ...[endpoint.bindPort, 10250, 10257, 10259, ...(etcd.local ? [2379, 2380, 2381] : [])].map(port),
    ...staticPods.map(name => absent(manifestFile(name))),
    ...(etcd.local ? [emptyFolder(etcd.local.dataDir)] : []),
  ]
}

const controlPlane: readonly Check[] = [
  [
    'NumCPU',
    () => {
      const cores = availableParallelism()
      return cores < 2
        ? {
            message: `the number of available CPUs ${cores} is less than the recommended 2`,
            mend: 'nproc',
            warning: true,
          }
        : undefined
    },
  ],
  [
    'Mem',
    () =>
      totalmem() < leastMemory
        ? {
            message: `the system RAM (${Math.round(totalmem() / 1e6)} MB) is less than the minimum 512 MB`,
            mend: 'free -m',
          }
        : undefined,
  ],
  [
    'AdvertiseAddress',
    ({ host, endpoint }) => {
      const own = host.addresses.list().map(({ address }) => address)
      const { advertiseAddress } = endpoint!
      return own.includes(advertiseAddress)
        ? undefined
        : {
            message: advertiseAddress
              ? `${advertiseAddress} is no address of this machine, which has ${own.join(', ')}`
              : 'this machine has no address but loopback',
            mend: 'ip -brief address; then --apiserver-advertise-address ADDRESS',
          }
    },
  ],
]

function emptyFolder(path: string): Check {
  return [
    `DirAvailable-${dash(path)}`,
    async ({ host }) =>
      (await host.files.list(path)).length > 0 ? { message: `${path} is not empty`, mend: 'kobune reset' } : undefined,
  ]
}

async function cgroups(host: Host): Promise<Found> {
  return host.cgroups().then(
    () => undefined,
    error => ({ message: `no usable cgroups: ${(error as Error).message}`, mend: 'mount | grep cgroup' }),
  )
}

/** The kernel loads the module itself when the first container is mounted. */
async function fileSystem({ files, modules }: Host): Promise<Found> {
  const known = (await files.readIfThere('/proc/filesystems')) ?? ''
  return /\boverlay$/m.test(known) || (await modules.available('overlay'))
    ? undefined
    : { message: 'the kernel has no overlay file system', mend: 'modprobe overlay', warning: true }
}

async function missingPrograms(context: NodeContext): Promise<Found> {
  const missing = await missingPackages(context, await packagesOf(context))
  if (missing.length === 0 || (context.install && (await context.host.packages.supported()))) return undefined
  return {
    message: `programs of these packages are missing: ${missing.join(' ')}`,
    mend: `apt-get install ${missing.join(' ')}`,
  }
}

/** Only of a runtime that somebody else starts. */
async function runtimeAnswers(context: NodeContext): Promise<Found> {
  if (ownRuntime(context)) return undefined
  const socket = socketOf(context)
  const mend = `systemctl status containerd; ls -l ${socket}`
  if (!(await context.host.files.exists(socket))) return { message: `there is no socket ${socket}`, mend }
  const cri = criClient({ socket })
  try {
    await cri.version({ timeout: 5_000 })
    return undefined
  } catch (error) {
    return { message: `the container runtime at ${socket} does not answer: ${(error as Error).message}`, mend }
  } finally {
    cri.close()
  }
}
