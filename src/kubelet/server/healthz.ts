/** /healthz over plain HTTP on the loopback, for whoever starts kubelets and waits for them. */
import { once } from 'node:events'
import { createServer } from 'node:http'

export interface HealthzOptions {
  readonly address: string
  readonly port: number
  /** Path -> why it is not well; undefined when it is. */
  readonly checks: Readonly<Record<string, () => string | undefined>>
}

/** Resolves when it listens; rejects when the port is taken. */
export async function startHealthz({ address, port, checks }: HealthzOptions): Promise<{ stop(): Promise<void> }> {
  const server = createServer((request, response) => {
    const check = checks[new URL(request.url ?? '/', 'http://healthz').pathname]
    const problem = check?.()
    const code = !check ? 404 : problem === undefined ? 200 : 500
    response.writeHead(code, { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' })
    response.end(!check ? '404 page not found\n' : (problem ?? 'ok'))
  })
  server.listen(port, address)
  await once(server, 'listening')
  return {
    async stop() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}
