/**
 * The server process that benchmarks measure: the parts that `kobune server` starts, on a folder of its own. Ends with
 * its parent. usage: server.ts FOLDER sqlite|memory alone|all
 */
import { readFileSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import { join } from 'node:path'
import { startControlPlane } from '../../src/run/control-plane.ts'
import { memoryStorage } from '../../src/storage/memory/memory.ts'
import { sqliteStorage } from '../../src/storage/sqlite/sqlite.ts'
import type { ServerOptions } from './child-server.ts'

const [folder = '', store, parts] = process.argv.slice(2) as [string, ServerOptions['store'], ServerOptions['parts']]
const port = Number(process.env.BENCH_PORT ?? 0)
const read = (name: string) => readFileSync(join(folder, 'pki', name), 'utf8')
const pair = (name: string) => ({ certificate: read(`${name}.crt`), key: read(`${name}.key`) })
const storage = store === 'sqlite' ? await sqliteStorage({ file: join(folder, 'state.db') }) : memoryStorage()
const plane = await startControlPlane({
  storage,
  pki: {
    ca: pair('ca'),
    server: pair('apiserver'),
    kubeletClient: pair('apiserver-kubelet-client'),
    frontProxyCa: read('front-proxy-ca.crt'),
    serviceAccountKey: read('sa.key'),
  },
  bindAddress: '127.0.0.1',
  port,
  advertiseAddress: '127.0.0.1',
  serviceCidr: '10.96.0.0/12',
  podCidr: '10.244.0.0/16',
  controllers: parts === 'all',
  scheduler: parts === 'all',
})
flushCompileCache()
process.on('message', stop)
process.on('disconnect', stop)
let stopping = false
if (process.connected) process.send!({ url: plane.server.url })
else await stop()

async function stop(): Promise<void> {
  if (stopping) return
  stopping = true
  await plane.stop()
  await storage.close()
  process.exit(0)
}
