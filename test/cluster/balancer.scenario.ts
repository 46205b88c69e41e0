/** What balancer.test.ts runs on its machines: something like an API server, and a node that asks through its balancer. */
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import { systemClock } from '../../src/base/clock.ts'
import { createClient } from '../../src/client/client.ts'
import { httpTransport } from '../../src/client/http-transport.ts'
import { linuxFiles } from '../../src/host/files.ts'
import { startApiBalancer } from '../../src/run/api-balancer.ts'

const [role, ...addresses] = process.argv.slice(2)
const pem = (name: string) => readFile(`/root/pki/${name}`, 'utf8')
if (role === 'serve') await serve()
else await use()

/** Ready, one of several, and with its name for whoever asks. */
async function serve(): Promise<void> {
  const [own, ...others] = addresses
  const listed = [own!, ...others].map(ip => ({ ip }))
  const subsets = [{ addresses: listed, ports: [{ name: 'https', port: 6443, protocol: 'TCP' }] }]
  const metadata = { name: 'kubernetes', namespace: 'default' }
  const endpoints = JSON.stringify({ kind: 'Endpoints', apiVersion: 'v1', metadata, subsets })
  const tls = { cert: await pem('apiserver.crt'), key: await pem('apiserver.key') }
  createServer(tls, (request, response) => {
    response.end(request.url === '/who' ? own : request.url === '/readyz' ? 'ok' : endpoints)
  }).listen(6443, () => console.log('serving'))
}

/** Asks without a pause; prints who answers when that changes, and how long it took. */
async function use(): Promise<void> {
  const ca = await pem('ca.crt')
  const balancer = await startApiBalancer({
    host: '127.0.0.1',
    port: 7445,
    files: linuxFiles,
    file: '/root/api-servers.json',
    server: () => `https://${addresses[0]}:6443`,
    own: () => [],
    ca: () => ca,
    clock: systemClock,
  })
  const transport = httpTransport({ server: balancer.url, ca, serverName: balancer.serverName, timeout: 10_000 })
  balancer.follow(createClient(transport))
  let before = ''
  let good = Date.now()
  for (;;) {
    try {
      const { body } = await transport.raw('/who', {}, AbortSignal.timeout(10_000))
      let who = ''
      for await (const chunk of body) who += Buffer.from(chunk)
      if (who !== before)
        console.log(`answered by ${who} after ${Date.now() - good} ms, of ${balancer.states().length}`)
      before = who
      good = Date.now()
    } catch {
      // Asked again at once.
    }
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}
