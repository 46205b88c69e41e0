/**
 * Whether others reach this machine at the address it gives them. Machines with several network cards advertise the
 * wrong one easily; it shows when a connection that comes from that address gets no answer.
 */
import { connect } from 'node:net'
import type { Finding } from './finding.ts'

/** An answer over a network takes less, milliseconds. */
const patience = 3_000

/** The own address of a connection to a server, from a given one or from where the system chooses; undefined when none comes about. */
function connectionFrom(server: URL, from?: string): Promise<string | undefined> {
  return new Promise(resolve => {
    const socket = connect({
      host: server.hostname.replace(/^\[|\]$/g, ''),
      port: Number(server.port || 443),
      ...(from && { localAddress: from }),
      timeout: patience,
    })
    const end = (address?: string) => {
      socket.destroy()
      void resolve(address)
    }
    socket.on('connect', () => end(socket.localAddress))
    socket.on('timeout', () => end())
    socket.on('error', () => end())
  })
}

/** What speaks against an address of this machine; nothing when the API server is reached from it. */
export async function checkReachableAt(server: string, address: string): Promise<readonly Finding[]> {
  const url = new URL(server)
  const [chosen, advertised] = await Promise.all([connectionFrom(url), connectionFrom(url, address)])
  // Of different families, or the server is gone: this tells nothing of the address.
  if (advertised || !chosen || chosen.includes(':') !== address.includes(':')) return []
  return [
    {
      check: 'AdvertiseAddress',
      message: `others cannot reach this machine at ${address}: ${url.host} does not answer to it there, but it does to ${chosen}`,
      mend: `--apiserver-advertise-address ${chosen}; or mend the route: ip route get ${url.hostname} from ${address}`,
    },
  ]
}
