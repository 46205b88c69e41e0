import { delay } from '../../base/clock.ts'
import { createClient } from '../../client/client.ts'
import { httpTransport } from '../../client/http-transport.ts'
import { loadKubeconfig } from '../../client/kubeconfig.ts'
import { paths } from '../paths.ts'
import { daemonEnvironment, type ServicePlace, serviceRuns, startService, stopService } from '../service.ts'
import { containerdService, logTail } from '../services.ts'
import { settingsFile } from '../settings.ts'
import type { Up } from '../up.ts'

/**
 * V8 lets its young generation grow to what a machine with much memory affords, for throughput that is not wanted here;
 * the server gets some, for bursts of writes.
 */
const kinds = {
  server: {
    unit: 'kobune-server.service',
    description: 'Kobune server',
    after: '',
    pidFile: paths.serverPid,
    logFile: paths.serverLog,
    flags: ['--max-semi-space-size=4'],
  },
  agent: {
    unit: 'kobune-agent.service',
    description: 'Kobune node agent',
    after: `${containerdService.unit} kobune-server.service`,
    pidFile: paths.agentPid,
    logFile: paths.agentLog,
    flags: ['--max-semi-space-size=1'],
  },
} as const
export type ProcessKind = keyof typeof kinds
/** Where the processes of a cluster of one machine are found again. */
export const processPlaces: Readonly<Record<ProcessKind, ServicePlace>> = kinds

/** The command line of a process, and what its environment needs. */
export function processCommand({ program }: Pick<Up, 'program'>, kind: ProcessKind) {
  const [command, ...first] = program
  return {
    command: command!,
    args: [...kinds[kind].flags, ...first, kind, '--config', settingsFile],
    env: daemonEnvironment,
  }
}

/** Starts a process unless it runs; answers whether it had to. */
async function start(up: Up, kind: ProcessKind): Promise<boolean> {
  if (up.moved) await stopService(up.host, kinds[kind])
  const ran = await serviceRuns(up.host, kinds[kind])
  const { command, args } = processCommand(up, kind)
  await startService(up.host, { ...kinds[kind], command: [command, ...args] }, { boots: up.systemd })
  return !ran
}

/** Starts the server and waits until it is ready; throws with the end of its log when it ends before. */
export async function server(up: Up, note: (text: string) => void): Promise<void> {
  await start(up, 'server')
  const transport = httpTransport(await loadKubeconfig(paths.superAdminConf))
  for (;;) {
    const said = await transport.raw('/readyz', {}, up.signal).then(
      () => 'ready',
      error => firstBad(String((error as Error).message)),
    )
    if (said === 'ready') break
    note(said)
    await alive(up, 'server')
    await delay(20, up.signal)
  }
  up.client = createClient(transport)
}

/** Of the list that /readyz gives, what is not well; before there is a list, that the process has only begun. */
function firstBad(message: string): string {
  if (message.includes('ECONNREFUSED')) return 'starting'
  return /^\[-\](\S+)/m.exec(message)?.[1] ?? message
}

/** Starts the node's agent. */
export async function agent(up: Up): Promise<void> {
  const now = Date.now()
  if (await start(up, 'agent')) up.agentStarted = now
  await alive(up, 'agent')
}

async function alive({ host }: Up, kind: ProcessKind): Promise<void> {
  if (await serviceRuns(host, kinds[kind])) return
  throw new Error(`the ${kind} ended at once; ${await logTail(host, kinds[kind].logFile)}`)
}
