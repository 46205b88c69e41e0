/** The file by which flannel tells container runtimes and the CNI plugin of this machine's piece of the network. */
import { addressAt, type Cidr, formatCidr, parseAddress } from '../base/cidr.ts'

export const subnetFile = '/run/flannel/subnet.env'

export interface SubnetEnv {
  readonly network: Cidr
  readonly subnet: Cidr
  readonly mtu: number
  readonly ipMasq: boolean
}

/** Its text. The subnet is written as its first address that a bridge can have. */
export function subnetEnv({ network, subnet, mtu, ipMasq }: SubnetEnv): string {
  return [
    `FLANNEL_NETWORK=${formatCidr(network)}`,
    `FLANNEL_SUBNET=${addressAt(subnet, 1)}/${subnet.length}`,
    `FLANNEL_MTU=${mtu}`,
    `FLANNEL_IPMASQ=${ipMasq}`,
    '',
  ].join('\n')
}

/** The piece that this machine had before, from the file's text. */
export function previousSubnet(text: string | undefined): Cidr | undefined {
  const [, address = '', length = ''] = /^FLANNEL_SUBNET=([^/\s]+)\/(\d{1,2})$/m.exec(text ?? '') ?? []
  const parsed = parseAddress(address)
  if (parsed?.family !== 4) return undefined
  const size = 1n << BigInt(32 - Number(length))
  return { family: 4, first: parsed.value - (parsed.value % size), length: Number(length) }
}
