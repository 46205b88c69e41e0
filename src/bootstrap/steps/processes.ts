import { delay } from '../../base/clock.ts'
import { createClient } from '../../client/client.ts'
import { httpTransport } from '../../client/http-transport.ts'
import { loadKubeconfig } from '../../client/kubeconfig.ts'
import type { ProcessId } from '../../host/processes.ts'
import { paths } from '../paths.ts'
import { settingsFile } from '../settings.ts'
import type { Up } from '../up.ts'

/**
 * V8 lets its young generation grow to what a machine with much memory affords, for throughput that is not wanted here;
 * the server gets some, for bursts of writes.
 */
const kinds = {
  server: { pidFile: paths.serverPid, logFile: paths.serverLog, flags: ['--max-semi-space-size=4'] },
  agent: { pidFile: paths.agentPid, logFile: paths.agentLog, flags: ['--max-semi-space-size=1'] },
} as const
export type ProcessKind = keyof typeof kinds

/** The process of this kind that runs now. */
export function runningProcess({ host }: Pick<Up, 'host'>, kind: ProcessKind): Promise<ProcessId | undefined> {
  return host.processes.running(kinds[kind].pidFile)
}

/** The command line of a process, and what its environment needs: glibc keeps an arena of memory for each thread otherwise. */
export function processCommand(up: Pick<Up, 'program'>, kind: ProcessKind) {
  const [command, ...first] = up.program
  return {
    command: command!,
    args: [...kinds[kind].flags, ...first, kind, '--config', settingsFile],
    env: { MALLOC_ARENA_MAX: '2' },
  }
}

/** Starts a process unless it runs already. */
async function start(up: Up, kind: ProcessKind): Promise<ProcessId | undefined> {
  const running = await runningProcess(up, kind)
  if (running) return running
  const { pidFile, logFile } = kinds[kind]
  return up.host.processes.daemon({ ...processCommand(up, kind), pidFile, logFile })
}

/** Starts the server and waits until it is ready; throws with the end of its log when it ends before. */
export async function server(up: Up, note: (text: string) => void): Promise<void> {
  const process = await start(up, 'server')
  const transport = httpTransport(await loadKubeconfig(paths.superAdminConf))
  for (;;) {
    const said = await transport.raw('/readyz', {}, up.signal).then(
      () => 'ready',
      error => firstBad(String((error as Error).message)),
    )
    if (said === 'ready') break
    note(said)
    await alive(up, 'server', process)
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
  const before = await runningProcess(up, 'agent')
  if (!before) up.agentStarted = Date.now()
  const process = before ?? (await start(up, 'agent'))
  await alive(up, 'agent', process)
}

async function alive(up: Up, kind: ProcessKind, process: ProcessId | undefined): Promise<void> {
  if (process && (await up.host.processes.alive(process))) return
  const log = (await up.host.files.readIfThere(kinds[kind].logFile)) ?? ''
  const tail = log.trimEnd().split('\n').slice(-5).join('\n  ')
  throw new Error(`the ${kind} ended at once; the end of ${kinds[kind].logFile}:\n  ${tail}`)
}
