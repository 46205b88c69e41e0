import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { HttpTransportOptions } from './http-transport.ts'

const folder = '/var/run/secrets/kubernetes.io/serviceaccount'
/** Tokens are rotated: the file is read again this often, milliseconds. */
const tokenAge = 60_000

/** How a pod reaches the API as its service account: by the environment and files that the kubelet gives it. */
export async function inClusterOptions(env: NodeJS.ProcessEnv = process.env): Promise<HttpTransportOptions> {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = env
  if (!host || !port) {
    throw new Error('this is no pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set')
  }
  const ca = await readFile(`${folder}/ca.crt`, 'utf8')
  let token = ''
  let readAt = 0
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    ca,
    token: () => {
      if (Date.now() - readAt > tokenAge) {
        token = readFileSync(`${folder}/token`, 'utf8').trim()
        readAt = Date.now()
      }
      return token
    },
  }
}
