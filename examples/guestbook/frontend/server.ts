/** A guest book: reads its entries from the Redis followers, writes new ones to the leader. */
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { hostname } from 'node:os'
import { redis } from './redis.ts'

const { PORT = '8080', LEADER = 'redis-leader', FOLLOWER = 'redis-follower' } = process.env
const page = readFileSync(new URL('./index.html', import.meta.url), 'utf8')
const key = 'guestbook'
const mostEntries = 100
const longestEntry = 500

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>

const routes: Readonly<Record<string, Handler>> = {
  'GET /': async (_, response) => {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page)
  },
  'GET /entries': async (_, response) => {
    // A follower may not be there yet; the leader always knows.
    const range = ['LRANGE', key, '0', String(mostEntries - 1)]
    const entries = await redis(FOLLOWER, range).catch(() => redis(LEADER, range))
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ entries, host: hostname() }))
  },
  'POST /entries': async (request, response) => {
    const text = (await bodyOf(request)).trim()
    if (!text || text.length > longestEntry) {
      response.writeHead(400).end(`an entry has from 1 to ${longestEntry} characters\n`)
      return
    }
    await redis(LEADER, ['LPUSH', key, text])
    response.writeHead(201).end()
  },
  'GET /healthz': async (_, response) => {
    response.writeHead(ending ? 503 : 200).end(ending ? 'ending\n' : 'ok\n')
  },
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) {
    text += chunk
    if (text.length > 4 * longestEntry) break
  }
  return text
}

let ending = false

const server = createServer((request, response) => {
  const route = routes[`${request.method} ${request.url?.split('?')[0]}`]
  if (!route) {
    response.writeHead(404).end('not found\n')
    return
  }
  route(request, response).catch(error => {
    console.error(`${request.method} ${request.url}: ${error.message}`)
    if (!response.headersSent) response.writeHead(503)
    response.end('the guest book cannot be reached just now\n')
  })
})
server.listen(Number(PORT), () => console.log(`guest book on port ${PORT}, leader ${LEADER}, follower ${FOLLOWER}`))

// Whoever still comes by an old route is served; after that, the rest is finished and we go.
process.once('SIGTERM', () => {
  ending = true
  setTimeout(() => server.close(() => process.exit(0)), 3000)
})
