/** The server process of a cluster of one machine. */
import { mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { logger } from '../base/log.ts'
import { paths } from '../bootstrap/paths.ts'
import type { Settings } from '../bootstrap/settings.ts'
import { sqliteStorage } from '../storage/sqlite/sqlite.ts'
import { type ControlPlanePki, startControlPlane } from './control-plane.ts'
import { livePair } from './live-files.ts'
import { serveOrders } from './server-orders.ts'
import { settled } from './settled.ts'
import { untilStopped } from './until-stopped.ts'

const log = logger('server')

/** The PKI of a folder in kubeadm's layout. */
function readPki(folder: string): ControlPlanePki {
  const read = (name: string) => readFileSync(join(folder, name), 'utf8')
  const pair = (name: string) => ({ certificate: read(`${name}.crt`), key: read(`${name}.key`) })
  return {
    ca: pair('ca'),
    server: pair('apiserver'),
    kubeletClient: pair('apiserver-kubelet-client'),
    frontProxyCa: read('front-proxy-ca.crt'),
    serviceAccountKey: read('sa.key'),
  }
}

/** Runs until the process is told to stop; resolves to the exit code. */
export async function runServer(settingsFile: string): Promise<number> {
  const stop = untilStopped()
  const settings = JSON.parse(readFileSync(settingsFile, 'utf8')) as Settings
  mkdirSync(dirname(paths.database), { recursive: true, mode: 0o700 })
  const storage = await sqliteStorage({ file: paths.database })
  const plane = await startControlPlane({
    storage,
    pki: readPki(paths.pki),
    bindAddress: '0.0.0.0',
    port: settings.apiPort,
    advertiseAddress: settings.apiAddress,
    serviceCidr: settings.serviceCidr,
    podCidr: settings.podCidr,
  })
  const followed = await Promise.all(
    ['apiserver', 'apiserver-kubelet-client'].map(name =>
      livePair(join(paths.pki, `${name}.crt`), join(paths.pki, `${name}.key`)),
    ),
  )
  const renew = () => {
    const [server, kubeletClient] = followed.map(({ current: { cert, key } }) => ({ certificate: cert, key }))
    plane.renew({ server: server!, kubeletClient: kubeletClient! })
  }
  for (const one of followed) one.on(renew)
  const orders = await serveOrders(paths.serverSocket, storage)
  log.info({ url: plane.server.url }, 'ready')
  settled()
  const signal = await stop
  log.info({ signal }, 'stopping')
  for (const one of followed) one.stop()
  await orders.stop()
  await plane.stop()
  await storage.close()
  return 0
}
