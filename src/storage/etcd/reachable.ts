import { connect } from 'node:net'

/** Milliseconds that a machine may take to accept a connection. */
const patience = 1_500

/**
 * The endpoints at which somebody accepts connections, in their order. Commands ask these only: an attempt to reach a
 * machine without power is kept by gRPC until the kernel gives up, after minutes, and the command with it.
 */
export async function reachable(endpoints: readonly string[], wait = patience): Promise<readonly string[]> {
  const found = await Promise.all(endpoints.map(endpoint => accepts(new URL(endpoint), wait)))
  return endpoints.filter((_, i) => found[i])
}

function accepts({ hostname, port, protocol }: URL, wait: number): Promise<boolean> {
  return new Promise(resolve => {
    const usual = protocol === 'https:' ? 443 : 80
    const socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || usual) })
    const tell = (does: boolean) => {
      socket.destroy()
      void resolve(does)
    }
    socket.setTimeout(wait, () => tell(false))
    socket.once('connect', () => tell(true))
    socket.once('error', () => tell(false))
  })
}
