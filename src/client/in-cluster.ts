import { readFileSync } from 'node:fs'
import type { HttpTransportOptions } from './http-transport.ts'

const folder = '/var/run/secrets/kubernetes.io/serviceaccount'
/** Tokens and authorities are rotated: files are read again this often, milliseconds. */
const readEvery = 10_000

/** How a pod reaches the API as its service account: by the environment and files that the kubelet gives it. */
export async function inClusterOptions(env: NodeJS.ProcessEnv = process.env): Promise<HttpTransportOptions> {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = env
  if (!host || !port) {
    throw new Error('this is no pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set')
  }
  const ca = kept(`${folder}/ca.crt`)
  const token = kept(`${folder}/token`)
  return { server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`, ca, token: () => token().trim() }
}

/** What is in a file, as it was a moment ago. Throws at once when it is not there. */
function kept(file: string): () => string {
  let text = readFileSync(file, 'utf8')
  let readAt = Date.now()
  return () => {
    if (Date.now() - readAt > readEvery) {
      text = readFileSync(file, 'utf8')
      readAt = Date.now()
    }
    return text
  }
}
