/**
 * A socket on which the server of a cluster of one machine takes orders: it alone has its database open. Only root can
 * reach it. There is one order: `POST /snapshot` with `{"file": "/absolute/path"}`.
 */
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { isAbsolute } from 'node:path'
import type { Storage } from '../storage/storage.ts'

const largestOrder = 64 * 1024

/** Resolves when it listens. */
export async function serveOrders(socket: string, storage: Storage): Promise<{ stop(): Promise<void> }> {
  // One that a killed process left behind.
  await rm(socket, { force: true })
  const server = createServer((request, response) => {
    void obey(request, storage).then(
      answer => reply(response, 200, answer),
      error => reply(response, 400, { message: (error as Error).message }),
    )
  })
  // The socket is made with these permissions: nobody else can connect, not even for a moment.
  const before = process.umask(0o177)
  try {
    server.listen(socket)
  } finally {
    process.umask(before)
  }
  await once(server, 'listening')
  return {
    async stop() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

async function obey(request: IncomingMessage, storage: Storage): Promise<object> {
  if (request.method !== 'POST' || request.url !== '/snapshot') throw new Error('the only order is POST /snapshot')
  let text = ''
  for await (const chunk of request) {
    text += chunk
    if (text.length > largestOrder) throw new Error('the order is too long')
  }
  const { file } = JSON.parse(text) as { readonly file?: unknown }
  if (typeof file !== 'string' || !isAbsolute(file)) throw new Error('file must be an absolute path')
  return storage.snapshot(file)
}

function reply(response: ServerResponse, code: number, answer: object): void {
  response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
}
