/** Runs on a machine of a cluster: stops the server, starts it as `up` does, and prints after how many seconds it is ready. */
import { request } from 'node:https'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { paths } from '../../src/bootstrap/paths.ts'
import { processCommand } from '../../src/bootstrap/steps/processes.ts'
import { loadKubeconfig } from '../../src/client/kubeconfig.ts'
import { linuxHost } from '../../src/host/host.ts'

const { processes } = linuxHost
const running = await processes.running(paths.serverPid)
if (!running) throw new Error('no server runs')
await processes.stop(running)
const main = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.ts')
const { ca, server = '' } = await loadKubeconfig(paths.adminConf)
const { hostname, port } = new URL(server)

const ready = () =>
  new Promise<boolean>(resolve => {
    const sent = request({ host: hostname, port, path: '/readyz', ca, agent: false }, answer => {
      answer.resume()
      resolve(answer.statusCode === 200)
    })
    sent.on('error', () => resolve(false))
    sent.end()
  })

const from = performance.now()
await processes.daemon({
  ...processCommand({ program: [process.execPath, ...process.execArgv, main] }, 'server'),
  pidFile: paths.serverPid,
  logFile: paths.serverLog,
})
while (!(await ready())) {
  if (performance.now() - from > 30_000) throw new Error('the server is not ready after 30 s')
  await delay(2)
}
console.log((performance.now() - from) / 1000)
