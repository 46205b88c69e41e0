import { defaultInit } from '../../bootstrap/config/defaults.ts'
import { machineFacts } from '../../bootstrap/config/facts.ts'
import type { KubeletService } from '../../bootstrap/services.ts'
import { startNode, stopNode } from '../../bootstrap/start-node.ts'
import { linuxHost } from '../../host/host.ts'
import { progress } from '../progress.ts'
import { needsRoot } from './needs-root.ts'
import { ownProgram } from './workflow.ts'

async function services(command: string): Promise<KubeletService> {
  needsRoot(`nodes ${command}`)
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
