import { defaultInit } from '../../bootstrap/config/defaults.ts'
import { machineFacts } from '../../bootstrap/config/facts.ts'
import { type NodeServices, startNode, stopNode } from '../../bootstrap/start-node.ts'
import { linuxHost } from '../../host/host.ts'
import { progress } from '../progress.ts'
import { UserError } from '../user-error.ts'
import { ownProgram } from './workflow.ts'

async function services(command: string): Promise<NodeServices> {
  if (process.getuid?.() !== 0)
    throw new UserError(`nodes ${command} needs root`, { hint: `sudo kobune nodes ${command}` })
  const { timeouts } = defaultInit(await machineFacts(linuxHost))
  return { host: linuxHost, program: ownProgram(), signal: AbortSignal.timeout(300_000), timeouts }
}

/** `kobune nodes start` */
export async function startServices(): Promise<number> {
  const of = await services('start')
  await progress().step('Start the services of this machine', note => startNode(of, note))
  return 0
}

/** `kobune nodes stop` */
export async function stopServices(): Promise<number> {
  const of = await services('stop')
  await progress().step('Stop the services of this machine', () => stopNode(of))
  return 0
}
