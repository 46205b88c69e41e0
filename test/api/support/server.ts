import { type ApiServer, type ApiServerOptions, startApiServer } from '../../../src/apiserver/api-server.ts'
import { type Authenticator, bearerToken } from '../../../src/apiserver/authenticator.ts'
import type { Authorizer } from '../../../src/apiserver/authorizer.ts'
import { logger } from '../../../src/base/log.ts'
import { statusError } from '../../../src/machinery/status-error.ts'
import { ensurePki } from '../../../src/pki/ensure-pki.ts'
import { MemoryFiles } from '../../../src/pki/files.ts'
import { memoryStorage } from '../../../src/storage/memory/memory.ts'

/** The token of an administrator on every server made here; `user:NAME` is that user without rights. */
export const adminToken = 'the-administrator'

const allPowerful: Authorizer = {
  authorize: ({ user, path }) => ({
    allowed: user.groups.includes('system:masters') || /^\/(livez|readyz|healthz|version)/.test(path),
    reason: '',
  }),
}

const authenticator: Authenticator = {
  async authenticate(credentials) {
    const token = bearerToken(credentials)
    if (token === undefined) return undefined
    if (token === adminToken) return { name: 'admin', groups: ['system:masters', 'system:authenticated'] }
    if (token.startsWith('user:')) return { name: token.slice(5), groups: ['system:authenticated'] }
    throw statusError('Unauthorized', 'Unauthorized')
  },
}

export interface TestServer extends AsyncDisposable {
  readonly server: ApiServer
  readonly url: string
  readonly ca: string
  stop(): Promise<void>
}

/** An API server over HTTPS on a free port of the loopback, on a store in memory. */
export async function testServer(more: Partial<ApiServerOptions> = {}): Promise<TestServer> {
  const files = new MemoryFiles()
  const pki = {
    nodeName: 'test',
    advertiseAddress: '127.0.0.1',
    serviceCIDR: '10.96.0.0/12',
    dnsDomain: 'cluster.local',
  }
  await ensurePki('/pki', pki, { files })
  const pem = async (name: string) => String(await files.read(`/pki/${name}`))
  const ca = await pem('ca.crt')
  const storage = more.storage ?? memoryStorage()
  const server = await startApiServer({
    storage,
    security: () => ({ authenticator, authorizer: allPowerful }),
    tls: { cert: await pem('apiserver.crt'), key: await pem('apiserver.key'), clientCA: ca },
    bindAddress: '127.0.0.1',
    port: 0,
    log: logger('test'),
    ...more,
  })
  const stop = async () => {
    await server.stop()
    if (!more.storage) await storage.close()
  }
  return { server, url: server.url, ca, stop, [Symbol.asyncDispose]: stop }
}
