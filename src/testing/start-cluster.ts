/**
 * A Kubernetes control plane inside the caller's own process, for tests: the real API server, controllers and scheduler
 * on a store in memory, with TLS, RBAC and admission as in any cluster. No Docker, no binaries.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Clock, systemClock } from '../base/clock.ts'
import { setLogLevel } from '../base/log.ts'
import type { Client } from '../client/client.ts'
import { ensurePki, loadAuthority } from '../pki/ensure-pki.ts'
import { MemoryFiles } from '../pki/files.ts'
import { clientKubeconfig } from '../pki/kubeconfig.ts'
import { type ControlPlane, type ControlPlanePki, startControlPlane } from '../run/control-plane.ts'
import { memoryStorage } from '../storage/memory/memory.ts'
import { simulatedNodes } from './simulated-nodes.ts'

export interface TestClusterOptions {
  /** How many simulated nodes there are: pods on them run at once, without containers. Default 0. */
  readonly nodes?: number
  /** Default: a free one on the loopback. */
  readonly port?: number
  /** Run the controllers (Deployments make pods, ...). Default true. */
  readonly controllers?: boolean
  /** Run the scheduler. Default: when there are nodes. */
  readonly scheduler?: boolean
  /** What the components say on standard output. Default `silent`. */
  readonly logLevel?: string
  readonly clock?: Clock
}

export interface TestCluster extends AsyncDisposable {
  /** `https://127.0.0.1:port` */
  readonly url: string
  /** PEM of the authority that the server's certificate is from. */
  readonly ca: string
  /** A client in this process, as an administrator. */
  readonly client: Client
  /** Text of a kubeconfig for an administrator; any Kubernetes client takes it. */
  readonly kubeconfig: string
  /** A kubeconfig for another user, for tests of RBAC. */
  kubeconfigFor(user: string, groups?: readonly string[]): Promise<string>
  /** The administrator's kubeconfig as a file, removed when the cluster stops. */
  kubeconfigFile(): Promise<string>
  stop(): Promise<void>
}

const network = { serviceCidr: '10.96.0.0/12', podCidr: '10.244.0.0/16' } as const

/** Starts a cluster; takes a fraction of a second. Stop it, or declare it with `await using`. */
export async function startCluster(options: TestClusterOptions = {}): Promise<TestCluster> {
  setLogLevel(options.logLevel ?? process.env.KOBUNE_LOG_LEVEL ?? 'silent')
  const clock = options.clock ?? systemClock
  const files = new MemoryFiles()
  const pki = await makePki(files)
  const storage = memoryStorage({ clock })
  const nodes = options.nodes ?? 0
  const plane = await startControlPlane({
    storage,
    pki,
    bindAddress: '127.0.0.1',
    port: options.port ?? 0,
    advertiseAddress: '127.0.0.1',
    ...network,
    clock,
    controllers: options.controllers ?? true,
    scheduler: options.scheduler ?? nodes > 0,
  })
  const simulated = await simulatedNodes(plane.clientAs('kobune-simulation', ['system:masters']), {
    count: nodes,
    clock,
  })
  return testCluster({
    plane,
    files,
    pki,
    stopAll: [() => simulated.stop(), () => plane.stop(), () => storage.close()],
  })
}

interface Parts {
  readonly plane: ControlPlane
  readonly files: MemoryFiles
  readonly pki: ControlPlanePki
  /** In this order. */
  readonly stopAll: readonly (() => Promise<void>)[]
}

async function testCluster({ plane, files, pki, stopAll }: Parts): Promise<TestCluster> {
  const authority = await loadAuthority('/pki', 'ca', files)
  const kubeconfigFor = (user: string, groups: readonly string[] = []) =>
    clientKubeconfig(
      authority,
      { commonName: user, organizations: [...groups] },
      { server: plane.server.url, now: Date.now() },
    )
  const kubeconfig = await kubeconfigFor('kubernetes-admin', ['system:masters'])
  const folders: string[] = []
  let stopping: Promise<void> | undefined
  const stop = async () => {
    for (const part of stopAll) await part()
    for (const folder of folders) await rm(folder, { recursive: true, force: true })
  }
  return {
    url: plane.server.url,
    ca: pki.ca.certificate,
    client: plane.clientAs('kubernetes-admin', ['system:masters']),
    kubeconfig,
    kubeconfigFor,
    async kubeconfigFile() {
      const folder = await mkdtemp(join(tmpdir(), 'kobune-testing-'))
      folders.push(folder)
      const file = join(folder, 'kubeconfig')
      await writeFile(file, kubeconfig, { mode: 0o600 })
      return file
    },
    stop: () => (stopping ??= stop()),
    [Symbol.asyncDispose]: () => (stopping ??= stop()),
  }
}

async function makePki(files: MemoryFiles): Promise<ControlPlanePki> {
  const config = {
    nodeName: 'localhost',
    advertiseAddress: '127.0.0.1',
    serviceCIDR: network.serviceCidr,
    dnsDomain: 'cluster.local',
  }
  const which = ['ca', 'apiserver', 'apiserver-kubelet-client', 'front-proxy-ca', 'sa'] as const
  await ensurePki('/pki', config, { files, which })
  const read = async (name: string) => String(await files.read(`/pki/${name}`))
  const pair = async (name: string) => ({ certificate: await read(`${name}.crt`), key: await read(`${name}.key`) })
  return {
    ca: await pair('ca'),
    server: await pair('apiserver'),
    kubeletClient: await pair('apiserver-kubelet-client'),
    frontProxyCa: await read('front-proxy-ca.crt'),
    serviceAccountKey: await read('sa.key'),
  }
}
