/** Throughput of the API over HTTPS on memory storage: `sh scripts/node.sh bench/api-quick.ts`. The server is its own process. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { Agent, request } from 'node:https'
import { memoryStorage } from '../src/storage/memory/memory.ts'
import { adminToken, testServer } from '../test/api/support/server.ts'

interface Row {
  readonly what: string
  readonly rate: number
  readonly unit: string
  /** What the original does on such a machine. */
  readonly original: number
}

if (process.argv[2] === 'server') {
  const server = await testServer({ storage: memoryStorage() })
  process.send!({ url: server.url, ca: server.ca })
  process.on('message', async () => {
    await server.stop()
    process.disconnect()
  })
} else {
  const child = fork(import.meta.filename, ['server'])
  const [{ url, ca }] = (await once(child, 'message')) as [{ url: string; ca: string }]
  const rows = await measure(url, ca).finally(() => child.send('stop'))
  console.table(
    rows.map(row => ({
      ...row,
      rate: Math.round(row.rate * 10) / 10,
      times: Math.round((row.rate / row.original) * 10) / 10,
    })),
  )
  console.log(JSON.stringify(rows))
}

function pod(i: number) {
  return {
    metadata: { name: `pod-${i}`, labels: { app: `app-${i % 10}`, tier: 'web' } },
    spec: {
      containers: [
        {
          name: 'main',
          image: 'registry.example.com/app:1.2.3',
          ports: [{ containerPort: 8080 }],
          env: [{ name: 'A', value: 'b' }],
          resources: { requests: { cpu: '100m', memory: '64Mi' } },
        },
      ],
    },
  }
}

async function measure(url: string, ca: string): Promise<Row[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 32, ca })
  const pods = '/api/v1/namespaces/default/pods'
  const call = (method: string, path: string, body?: unknown, type = 'application/json') =>
    new Promise<number>((resolve, reject) => {
      const text = body === undefined ? undefined : JSON.stringify(body)
      const headers = {
        authorization: `Bearer ${adminToken}`,
        ...(text !== undefined && { 'content-type': type, 'content-length': Buffer.byteLength(text) }),
      }
      const sent = request(url + path, { agent, method, headers }, response => {
        let bytes = 0
        response.on('data', (chunk: Buffer) => {
          bytes += chunk.length
        })
        response.on('end', () =>
          response.statusCode! < 300 ? resolve(bytes) : reject(new Error(`${method} ${path}: ${response.statusCode}`)),
        )
      })
      sent.on('error', reject)
      sent.end(text)
    })
  /** Calls per second with so many under way. */
  const rate = async (count: number, parallel: number, one: (i: number) => Promise<unknown>) => {
    let next = 0
    const from = performance.now()
    const work = async () => {
      while (next < count) await one(next++)
    }
    await Promise.all(Array.from({ length: parallel }, work))
    return (count / (performance.now() - from)) * 1000
  }
  const merge = 'application/merge-patch+json'
  await rate(300, 16, i => call('POST', pods, pod(100_000 + i)))
  await rate(300, 16, i => call('DELETE', `${pods}/pod-${100_000 + i}`, { gracePeriodSeconds: 0 }))
  const rows: Row[] = []
  const note = (what: string, unit: string, original: number, value: number) =>
    rows.push({ what, rate: value, unit, original })
  note('create pods', '/s', 910, await rate(3000, 32, i => call('POST', pods, pod(i))))
  note(
    'merge patch',
    '/s',
    760,
    await rate(3000, 32, i => call('PATCH', `${pods}/pod-${i}`, { metadata: { annotations: { n: `${i}` } } }, merge)),
  )
  note('GET', '/s', 2430, await rate(6000, 32, i => call('GET', `${pods}/pod-${i % 3000}`)))
  await rate(2000, 32, i => call('DELETE', `${pods}/pod-${1000 + i}`, { gracePeriodSeconds: 0 }))
  note('LIST of 1,000 pods', '/s', 17.7, await rate(200, 4, () => call('GET', pods)))
  note(
    'LIST by label (100 of 1,000)',
    '/s',
    17,
    await rate(500, 4, () => call('GET', `${pods}?labelSelector=app%3Dapp-3`)),
  )
  note(
    'watch events to 100 watchers',
    '/s',
    25_000,
    await watchRate(url, ca, i => call('PATCH', `${pods}/pod-${i}`, { metadata: { annotations: { w: 'x' } } }, merge)),
  )
  agent.destroy()
  return rows
}

/** Events per second that 100 watchers get of 500 updates. */
async function watchRate(url: string, ca: string, update: (i: number) => Promise<unknown>): Promise<number> {
  const watchers = 100
  const updates = 500
  const agent = new Agent({ ca, maxSockets: watchers })
  let seen = 0
  let finished: () => void = () => undefined
  const all = new Promise<void>(resolve => {
    finished = resolve
  })
  const open = () =>
    new Promise<() => void>(resolve => {
      const path = '/api/v1/namespaces/default/pods?watch=true&resourceVersion=NOW'
      const sent = request(
        url + path.replace('NOW', revision),
        { agent, headers: { authorization: `Bearer ${adminToken}` } },
        response => {
          response.on('data', (chunk: Buffer) => {
            for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) seen += 1
            if (seen >= watchers * updates) finished()
          })
          resolve(() => sent.destroy())
        },
      )
      sent.on('error', () => undefined)
      sent.end()
    })
  const revision = await newest(url, ca)
  const closes = await Promise.all(Array.from({ length: watchers }, open))
  const from = performance.now()
  let next = 0
  const work = async () => {
    while (next < updates) await update(next++)
  }
  await Promise.all(Array.from({ length: 8 }, work))
  await all
  const seconds = (performance.now() - from) / 1000
  for (const close of closes) close()
  return (watchers * updates) / seconds
}

async function newest(url: string, ca: string): Promise<string> {
  const agent = new Agent({ ca })
  const text = await new Promise<string>((resolve, reject) => {
    const sent = request(
      `${url}/api/v1/namespaces/default/pods?limit=1`,
      { agent, headers: { authorization: `Bearer ${adminToken}` } },
      response => {
        let body = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => {
          body += chunk
        })
        response.on('end', () => resolve(body))
      },
    )
    sent.on('error', reject)
    sent.end()
  })
  return (JSON.parse(text) as { metadata: { resourceVersion: string } }).metadata.resourceVersion
}
