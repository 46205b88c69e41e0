import type { Host } from '../../host/host.ts'
import { HostError } from '../../host/host-error.ts'
import { paths } from '../paths.ts'

/** What defaults of a configuration depend on. */
export interface MachineFacts {
  readonly nodeName: string
  readonly advertiseAddress: string
  /** `unix:///...` */
  readonly criSocket: string
}

export const defaultCriSocket = `unix://${paths.containerdSocket}`

/** Of this machine. Without any address but loopback, the address is empty, which a complete configuration may not have. */
export async function machineFacts(host: Host): Promise<MachineFacts> {
  const advertiseAddress = await host.addresses.own().catch(error => {
    if (error instanceof HostError) return ''
    throw error
  })
  return { nodeName: host.addresses.hostname().toLowerCase(), advertiseAddress, criSocket: defaultCriSocket }
}

/** What stands in printed defaults, for people to replace. */
export const exampleFacts: MachineFacts = {
  nodeName: 'node',
  advertiseAddress: '1.2.3.4',
  criSocket: defaultCriSocket,
}
