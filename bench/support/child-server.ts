import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { processCommand } from '../../src/bootstrap/steps/processes.ts'
import type { HttpTransportOptions } from '../../src/client/http-transport.ts'
import { ensurePki, loadAuthority } from '../../src/pki/ensure-pki.ts'
import { issue } from '../../src/pki/issue.ts'
import { generateKey, privateKeyPem } from '../../src/pki/keys.ts'

export interface ServerOptions {
  readonly store: 'sqlite' | 'memory'
  /** The API server alone, or with controllers and scheduler in the same process, as `kobune up` has it. */
  readonly parts: 'alone' | 'all'
  /** 0: a free one. */
  readonly port?: number
}

const network = { nodeName: 'bench', advertiseAddress: '127.0.0.1', serviceCIDR: '10.96.0.0/12' } as const

/** A folder with the certificates of a cluster, and its store; removed when disposed. */
export class ServerFolder implements AsyncDisposable {
  readonly path: string

  private constructor(path: string) {
    this.path = path
  }

  static async make(): Promise<ServerFolder> {
    const folder = new ServerFolder(await mkdtemp(join(tmpdir(), 'kobune-bench-')))
    await ensurePki(join(folder.path, 'pki'), { ...network, dnsDomain: 'cluster.local' })
    return folder
  }

  get ca(): string {
    return readFileSync(join(this.path, 'pki', 'ca.crt'), 'utf8')
  }

  /** A client certificate for a user, as kubeconfigs have. */
  async credentials(commonName: string, organizations: readonly string[] = []) {
    const authority = await loadAuthority(join(this.path, 'pki'), 'ca')
    const { privateKey, publicKey } = await generateKey()
    const now = Date.now()
    const cert = issue(
      {
        subject: { commonName, organizations: [...organizations] },
        publicKey,
        usages: ['digital signature', 'client auth'],
        notBefore: now - 60_000,
        notAfter: now + 3_600_000,
      },
      authority,
    )
    return { ca: this.ca, cert, key: privateKeyPem(privateKey) } satisfies Partial<HttpTransportOptions>
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true })
  }
}

/** A server in a process of its own, with the flags that `kobune up` gives it. */
export class ChildServer implements AsyncDisposable {
  readonly process: ChildProcess
  /** When it was told to start, as `performance.now()`. */
  readonly began = performance.now()
  readonly #url: Promise<string>

  constructor(folder: ServerFolder, { store, parts, port = 0 }: ServerOptions, more: readonly string[] = []) {
    const program = [process.execPath, '--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'server.ts')]
    const { command, args, env } = processCommand({ program }, 'server')
    const flags = args.slice(0, args.indexOf(program.at(-1)!))
    this.process = spawn(command, [...flags, ...more, program.at(-1)!, folder.path, store, parts], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: { ...process.env, ...env, KOBUNE_LOG_LEVEL: 'error', BENCH_PORT: String(port) },
    })
    const died = once(this.process, 'exit').then(([code]) => {
      throw new Error(`the server ended with exit code ${code}`)
    })
    this.#url = Promise.race([once(this.process, 'message').then(([said]) => (said as { url: string }).url), died])
    this.#url.catch(() => {})
  }

  /** Where it answers, once it is ready. */
  url(): Promise<string> {
    return this.#url
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return
    const ended = once(this.process, 'exit')
    if (this.process.connected) this.process.send('stop')
    const timer = setTimeout(() => this.process.kill('SIGKILL'), 10_000)
    await ended
    clearTimeout(timer)
  }
}
