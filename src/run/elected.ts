/** What kube-controller-manager and kube-scheduler share: a client, a server that tells how they are, and an election. */
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import type { Flags, Given } from '../base/flags.ts'
import { FlagError } from '../base/flags.ts'
import { logger } from '../base/log.ts'
import { type Client, createClient } from '../client/client.ts'
import { type HttpTransportOptions, httpTransport } from '../client/http-transport.ts'
import { followKubeconfig } from '../client/kubeconfig.ts'
import { leaderElection } from '../reconcile/leader-election.ts'
import { tlsMinVersion } from './check-apiserver-flags.ts'
import { componentServer } from './component-server.ts'
import type { leaderFlags } from './flags/common.ts'
import { liveBundle } from './live-files.ts'
import { settled } from './settled.ts'
import { untilStopped } from './until-stopped.ts'

export type LeaderFlags = Given<typeof leaderFlags> & {
  readonly 'secure-port': number
  readonly 'leader-elect-resource-name': string
}
/** Flags of a component that has all of the shared ones. */
export type WithLeaderFlags<F extends Flags> = Given<F> & LeaderFlags

export interface Work {
  stop(): Promise<void>
}

export interface ElectedOptions {
  readonly name: string
  readonly flags: LeaderFlags
  /** Begins to work: at once, or when this process leads. `to` says where the API is, and as whom. */
  readonly start: (client: Client, to: HttpTransportOptions) => Promise<Work>
}

/** Runs until the process is told to stop, or the lead is lost; resolves to the exit code. */
export async function runElected({ name, flags, start }: ElectedOptions): Promise<number> {
  const log = logger(name)
  if (!flags.kubeconfig) throw new FlagError('--kubeconfig is needed')
  if (flags['leader-elect-resource-lock'] !== 'leases') {
    throw new FlagError(`--leader-elect-resource-lock=${flags['leader-elect-resource-lock']}: it is leases`)
  }
  const minVersion = tlsMinVersion(flags['tls-min-version'])
  const stop = untilStopped()
  const stopping = new AbortController()
  void stop.then(signal => {
    log.info({ signal }, 'stopping')
    stopping.abort(new Error(`stopped by ${signal}`))
  })
  const kubeconfig = await followKubeconfig(flags.kubeconfig)
  const to = { ...kubeconfig.options, ...(flags.master && { server: flags.master }), userAgent: name }
  const transport = httpTransport(to)
  const client = createClient(transport)
  const clientCa = flags['client-ca-file'] ? await liveBundle(flags['client-ca-file']) : undefined
  let leading = false
  const server =
    flags['secure-port'] === 0
      ? undefined
      : await componentServer({
          name,
          client,
          clientCa: clientCa && (() => clientCa.current),
          bindAddress: flags['bind-address'],
          port: flags['secure-port'],
          certFile: flags['tls-cert-file'],
          keyFile: flags['tls-private-key-file'],
          minVersion,
          checks: [],
          openPaths: flags['authorization-always-allow-paths'].flatMap(path => [path, `${path.replace(/\/$/, '')}/*`]),
          metrics: () => leaderMetric(flags['leader-elect-resource-name'], leading),
        })
  log.info({ server: to.server, port: server?.port }, 'running')
  settled()
  try {
    if (flags['leader-elect']) {
      await leaderElection(
        {
          client,
          namespace: flags['leader-elect-resource-namespace'],
          name: flags['leader-elect-resource-name'],
          identity: `${hostname()}_${randomUUID()}`,
          leaseDuration: flags['leader-elect-lease-duration'],
          renewDeadline: flags['leader-elect-renew-deadline'],
          retryPeriod: flags['leader-elect-retry-period'],
          lead: async signal => {
            leading = true
            // Another process may work already: nothing that is under way here may go on, so the process ends at once,
            // and whoever started it starts a new one without any memory.
            signal.addEventListener('abort', () => {
              if (stopping.signal.aborted) return
              log.error({ lease: flags['leader-elect-resource-name'] }, 'the lead is lost; ending')
              process.exit(1)
            })
            try {
              await working(start(client, to), signal)
            } catch (error) {
              log.error({ error: (error as Error).message }, 'the work ended')
              throw error
            }
          },
        },
        stopping.signal,
      )
    } else await working(start(client, to), stopping.signal)
  } finally {
    await server?.stop()
    clientCa?.stop()
    kubeconfig.stop()
    await transport.close()
  }
  return 0
}

async function working(started: Promise<Work>, signal: AbortSignal): Promise<void> {
  const work = await started
  if (!signal.aborted) await new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }))
  await work.stop()
}

function leaderMetric(name: string, leading: boolean): string {
  return [
    '# HELP leader_election_master_status Whether this process holds the lease.',
    '# TYPE leader_election_master_status gauge',
    `leader_election_master_status{name=${JSON.stringify(name)}} ${leading ? 1 : 0}`,
    '',
  ].join('\n')
}
