/**
 * How long things take to start: `sh scripts/node.sh bench/start-up.ts`. The API server as a process (certificates and a
 * store are there, compiled code is cached) until /readyz answers, `startCluster()` in a process, and `./kobune --version`.
 */
import { type ChildProcess, execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { request } from 'node:https'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '../src/base/free-port.ts'
import { ChildServer, ServerFolder, type ServerOptions } from './support/child-server.ts'
import { benchmark, type Row, take } from './support/report.ts'
import { median, repeat } from './support/statistics.ts'

const times = 10
const checkout = join(import.meta.dirname, '..')

await benchmark(import.meta.filename, async stack => {
  const folder = await take(stack, ServerFolder.make())
  const start = (options: ServerOptions) => coldStart(folder, options)
  await start({ store: 'sqlite', parts: 'all' })
  const alone = await repeat(times, () => start({ store: 'sqlite', parts: 'alone' }))
  const all = await repeat(times, () => start({ store: 'sqlite', parts: 'all' }))
  const clusters = (await repeat(times + 1, inProcess)).slice(1)
  const versions = (await repeat(times + 1, version)).slice(1)
  const seconds = { unit: 's', better: 'less', of: times } as const
  const rows: Row[] = [
    { what: 'API server to /readyz', value: median(alone), target: 0.5, original: 4.2, ...seconds },
    { what: 'the same with controllers and scheduler', value: median(all), target: 0.5, ...seconds },
    { what: 'startCluster()', value: median(clusters.map(({ started }) => started)), target: 0.5, ...seconds },
    { what: 'startCluster() with its import', value: median(clusters.map(({ all }) => all)), ...seconds },
    { what: './kobune --version, second start', value: median(versions), target: 0.3, ...seconds },
  ]
  return rows
})

/** Seconds from the start of a server process to the first good answer of /readyz. */
async function coldStart(folder: ServerFolder, options: ServerOptions): Promise<number> {
  const port = await freePort()
  await using server = new ChildServer(folder, { ...options, port })
  const { ca } = folder
  while (!(await ready(port, ca))) {
    if (server.process.exitCode !== null) throw new Error(`the server ended with exit code ${server.process.exitCode}`)
    await delay(2)
  }
  const took = (performance.now() - server.began) / 1000
  await server.url()
  return took
}

function ready(port: number, ca: string): Promise<boolean> {
  return new Promise(resolve => {
    const sent = request({ host: '127.0.0.1', port, path: '/readyz', ca, agent: false }, answer => {
      answer.resume()
      void resolve(answer.statusCode === 200)
    })
    sent.on('error', () => resolve(false))
    sent.end()
  })
}

/** Seconds that the first startCluster() of a process takes, without and with loading the code. */
async function inProcess(): Promise<{ started: number; all: number }> {
  const child: ChildProcess = fork(join(import.meta.dirname, 'support', 'start-cluster.ts'), { execArgv: [] })
  const [took] = (await once(child, 'message')) as [{ started: number; all: number }]
  await once(child, 'exit')
  return took
}

async function version(): Promise<number> {
  const from = performance.now()
  execFileSync(join(checkout, 'kobune'), ['--version'])
  return (performance.now() - from) / 1000
}
