/** Processes of a control plane on the loopback: a real etcd with TLS, and Kobune's components with kubeadm's flags. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '../../../src/base/free-port.ts'
import { type Client, createClient } from '../../../src/client/client.ts'
import { httpTransport } from '../../../src/client/http-transport.ts'
import { loadKubeconfig } from '../../../src/client/kubeconfig.ts'
import { ensurePki, loadAuthority } from '../../../src/pki/ensure-pki.ts'
import { clientKubeconfig, ensureKubeconfigs } from '../../../src/pki/kubeconfig.ts'

/** Why etcd cannot be had here; undefined: it can. */
export const noEtcd =
  spawnSync('etcd', ['--version']).status === 0 ? undefined : 'etcd is not installed (apt-get install etcd-server)'

const main = new URL('../../../src/cli/main.ts', import.meta.url).pathname
/** No start of one process takes longer, milliseconds. */
const patience = 20_000

/** A process that can be killed and started again with the same words. */
export class Restartable {
  readonly name: string
  readonly #start: () => ChildProcess
  #process: ChildProcess
  #ended: Promise<unknown>

  constructor(name: string, start: () => ChildProcess) {
    this.name = name
    this.#start = start
    this.#process = start()
    this.#ended = once(this.#process, 'exit')
  }

  get exitCode(): number | null {
    return this.#process.exitCode
  }
  /** Resolves when the process has ended. */
  get ended(): Promise<unknown> {
    return this.#ended
  }

  async stop(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      this.#process.kill(signal)
      // One that was silenced takes signals other than SIGKILL only then.
      this.#process.kill('SIGCONT')
    }
    await this.#ended
  }

  /** SIGSTOP: it is there, and says nothing, as a machine without power; SIGCONT ends that. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#process.kill(signal)
  }

  again(): void {
    this.#process = this.#start()
    this.#ended = once(this.#process, 'exit')
  }
}

/** There is nothing to wait for any more. */
class Over extends Error {}

export class Plane implements AsyncDisposable {
  readonly folder: string
  readonly processes: Restartable[] = []
  readonly #closing: (() => Promise<unknown>)[] = []
  #etcd: readonly string[] = []

  private constructor(folder: string) {
    this.folder = folder
  }

  /** With certificates for 127.0.0.1 to 127.0.0.`servers`; nothing runs yet. */
  static async prepare(servers = 1): Promise<Plane> {
    const plane = new Plane(await mkdtemp(join(tmpdir(), 'kobune-plane-')))
    const addresses = Array.from({ length: servers }, (_, i) => `127.0.0.${i + 1}`)
    await ensurePki(plane.pki(), {
      nodeName: 'localhost',
      advertiseAddress: '127.0.0.1',
      serviceCIDR: '10.96.0.0/16',
      dnsDomain: 'cluster.local',
      extraSANs: addresses,
      etcdServerSANs: addresses,
      etcdPeerSANs: addresses,
    })
    return plane
  }

  pki(name = ''): string {
    return join(this.folder, 'pki', name)
  }

  /** Starts members of one etcd, one on each address of the loopback. */
  async startEtcd(members = 1): Promise<readonly Restartable[]> {
    const hosts = Array.from({ length: members }, (_, i) => `127.0.0.${i + 1}`)
    const places = await Promise.all(
      hosts.map(async host => ({
        client: `https://${host}:${await freePort(host)}`,
        peer: `https://${host}:${await freePort(host)}`,
      })),
    )
    this.#etcd = places.map(({ client }) => client)
    const cluster = places.map(({ peer }, i) => `m${i}=${peer}`).join(',')
    return places.map(({ client, peer }, i) =>
      this.#run(`etcd${i}`, 'etcd', [
        '--unsafe-no-fsync',
        `--name=m${i}`,
        `--data-dir=${join(this.folder, `etcd${i}`)}`,
        `--listen-client-urls=${client}`,
        `--advertise-client-urls=${client}`,
        `--listen-peer-urls=${peer}`,
        `--initial-advertise-peer-urls=${peer}`,
        `--initial-cluster=${cluster}`,
        '--heartbeat-interval=50',
        '--election-timeout=500',
        '--client-cert-auth',
        `--trusted-ca-file=${this.pki('etcd/ca.crt')}`,
        `--cert-file=${this.pki('etcd/server.crt')}`,
        `--key-file=${this.pki('etcd/server.key')}`,
        '--peer-client-cert-auth',
        `--peer-trusted-ca-file=${this.pki('etcd/ca.crt')}`,
        `--peer-cert-file=${this.pki('etcd/peer.crt')}`,
        `--peer-key-file=${this.pki('etcd/peer.key')}`,
      ]),
    )
  }

  /** Starts an API server with the flags of kubeadm's manifest; `more` override and add. */
  async startApiserver(host = '127.0.0.1', more: Readonly<Record<string, string>> = {}): Promise<Apiserver> {
    const port = await freePort(host)
    const flags = {
      'advertise-address': host,
      'bind-address': host,
      'allow-privileged': 'true',
      'authorization-mode': 'Node,RBAC',
      'client-ca-file': this.pki('ca.crt'),
      'enable-admission-plugins': 'NodeRestriction',
      'enable-bootstrap-token-auth': 'true',
      'etcd-servers': this.#etcd.join(','),
      'etcd-cafile': this.pki('etcd/ca.crt'),
      'etcd-certfile': this.pki('apiserver-etcd-client.crt'),
      'etcd-keyfile': this.pki('apiserver-etcd-client.key'),
      'kubelet-client-certificate': this.pki('apiserver-kubelet-client.crt'),
      'kubelet-client-key': this.pki('apiserver-kubelet-client.key'),
      'kubelet-preferred-address-types': 'InternalIP,ExternalIP,Hostname',
      'proxy-client-cert-file': this.pki('front-proxy-client.crt'),
      'proxy-client-key-file': this.pki('front-proxy-client.key'),
      'requestheader-allowed-names': 'front-proxy-client',
      'requestheader-client-ca-file': this.pki('front-proxy-ca.crt'),
      'requestheader-extra-headers-prefix': 'X-Remote-Extra-',
      'requestheader-group-headers': 'X-Remote-Group',
      'requestheader-username-headers': 'X-Remote-User',
      'secure-port': String(port),
      'service-account-issuer': 'https://kubernetes.default.svc.cluster.local',
      'service-account-key-file': this.pki('sa.pub'),
      'service-account-signing-key-file': this.pki('sa.key'),
      'service-cluster-ip-range': '10.96.0.0/16',
      'tls-cert-file': this.pki('apiserver.crt'),
      'tls-private-key-file': this.pki('apiserver.key'),
      ...more,
    }
    const process = this.kobune('kube-apiserver', flags, `kube-apiserver-${host}`)
    const server = `https://${host}:${port}`
    const file = join(this.folder, `admin-${host}.conf`)
    const authority = await loadAuthority(this.pki(), 'ca')
    const admin = { commonName: 'kubernetes-super-admin', organizations: ['system:masters'] }
    const { writeFile } = await import('node:fs/promises')
    await writeFile(file, await clientKubeconfig(authority, admin, { server, now: Date.now() }), { mode: 0o600 })
    const transport = httpTransport({ ...(await loadKubeconfig(file)), timeout: 10_000 })
    this.#closing.push(() => transport.close())
    return { process, server, host, port, kubeconfig: file, client: createClient(transport) }
  }

  /** Kubeconfigs of the controller manager and the scheduler, for one API server. */
  async kubeconfigs(server: string): Promise<string> {
    const folder = join(this.folder, `conf-${new URL(server).port}`)
    await ensureKubeconfigs(
      folder,
      await loadAuthority(this.pki(), 'ca'),
      { nodeName: 'localhost', controlPlaneServer: server, localServer: server },
      { which: ['controller-manager.conf', 'scheduler.conf'] },
    )
    return folder
  }

  async startControllerManager(server: string, more: Readonly<Record<string, string>> = {}, name?: string) {
    const port = await freePort()
    const conf = join(await this.kubeconfigs(server), 'controller-manager.conf')
    const flags = {
      'allocate-node-cidrs': 'true',
      'authentication-kubeconfig': conf,
      'authorization-kubeconfig': conf,
      'bind-address': '127.0.0.1',
      'client-ca-file': this.pki('ca.crt'),
      'cluster-cidr': '10.244.0.0/16',
      'cluster-name': 'kubernetes',
      'cluster-signing-cert-file': this.pki('ca.crt'),
      'cluster-signing-key-file': this.pki('ca.key'),
      controllers: '*,bootstrapsigner,tokencleaner',
      kubeconfig: conf,
      'leader-elect': 'true',
      'requestheader-client-ca-file': this.pki('front-proxy-ca.crt'),
      'root-ca-file': this.pki('ca.crt'),
      'secure-port': String(port),
      'service-account-private-key-file': this.pki('sa.key'),
      'service-cluster-ip-range': '10.96.0.0/16',
      'use-service-account-credentials': 'true',
      ...more,
    }
    return { process: this.kobune('kube-controller-manager', flags, name), url: `https://127.0.0.1:${port}` }
  }

  async startScheduler(server: string, more: Readonly<Record<string, string>> = {}, name?: string) {
    const port = await freePort()
    const conf = join(await this.kubeconfigs(server), 'scheduler.conf')
    const flags = {
      'authentication-kubeconfig': conf,
      'authorization-kubeconfig': conf,
      'bind-address': '127.0.0.1',
      kubeconfig: conf,
      'leader-elect': 'true',
      'secure-port': String(port),
      ...more,
    }
    return { process: this.kobune('kube-scheduler', flags, name), url: `https://127.0.0.1:${port}` }
  }

  /** A component with flags; what it says goes to a file. */
  kobune(command: string, flags: Readonly<Record<string, string>>, name = command): Restartable {
    const words = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`)
    return this.#run(name, process.execPath, [
      '--disable-warning=ExperimentalWarning',
      '--disable-warning=DEP0123',
      main,
      command,
      ...words,
    ])
  }

  #run(name: string, program: string, args: readonly string[]): Restartable {
    const made = new Restartable(name, () => {
      // What they say is looked at, however silent the tests are.
      const env = { ...process.env, KOBUNE_LOG_LEVEL: 'info' }
      const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env })
      const log = createWriteStream(join(this.folder, `${name}.log`), { flags: 'a' })
      child.stdout.pipe(log, { end: false })
      child.stderr.pipe(log, { end: false })
      child.once('exit', () => log.end())
      return child
    })
    this.processes.push(made)
    return made
  }

  /** Resolves when `look` answers something; an error says what the processes said last. */
  async until<T>(what: string, look: () => Promise<T | undefined | false>, limit = patience): Promise<T> {
    const end = Date.now() + limit
    let last: unknown
    while (Date.now() < end) {
      try {
        const answer = await look()
        if (answer) return answer
      } catch (error) {
        last = error
        if (error instanceof Over) break
      }
      await delay(50)
    }
    throw new Error(`in vain: ${what}: ${last}\n${await this.says()}`)
  }

  ready({ client, host, process }: Apiserver): Promise<boolean> {
    return this.until(`${host} is ready`, async () => {
      if (process.exitCode !== null) throw new Over(`it ended with ${process.exitCode}`)
      const { body } = await client.transport.raw('/readyz')
      for await (const _ of body);
      return true
    })
  }

  /** The last lines of every log. */
  async says(lines = 15): Promise<string> {
    const logs = await Promise.all(
      this.processes.map(async ({ name }) => {
        const text = await readFile(join(this.folder, `${name}.log`), 'utf8').catch(() => '')
        return `--- ${name}\n${text.split('\n').slice(-lines).join('\n')}`
      }),
    )
    return logs.join('\n')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const close of this.#closing) await close()
    await Promise.all(this.processes.map(one => one.stop()))
    await rm(this.folder, { recursive: true, force: true })
  }
}

export interface Apiserver {
  readonly process: Restartable
  readonly server: string
  readonly host: string
  readonly port: number
  /** Of an administrator. */
  readonly kubeconfig: string
  readonly client: Client
}
