import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { parse } from 'yaml'
import { type Reloading, reloading } from '../base/reloading.ts'
import type { HttpTransportOptions } from './http-transport.ts'

/** The parts of a kubeconfig file that name one cluster, one user, and both together. */
export interface Kubeconfig {
  readonly 'current-context'?: string
  readonly clusters?: readonly {
    readonly name: string
    readonly cluster: {
      readonly server: string
      readonly 'certificate-authority'?: string
      readonly 'certificate-authority-data'?: string
      readonly 'tls-server-name'?: string
    }
  }[]
  readonly users?: readonly {
    readonly name: string
    readonly user: {
      readonly 'client-certificate'?: string
      readonly 'client-certificate-data'?: string
      readonly 'client-key'?: string
      readonly 'client-key-data'?: string
      readonly token?: string
      readonly tokenFile?: string
    }
  }[]
  readonly contexts?: readonly {
    readonly name: string
    readonly context: { readonly cluster: string; readonly user: string; readonly namespace?: string }
  }[]
}

/** What a kubeconfig says of one cluster and one user: HttpTransportOptions with texts only. */
export interface KubeconfigCredentials {
  readonly server: string
  readonly serverName: string | undefined
  readonly ca: string | undefined
  readonly cert: string | undefined
  readonly key: string | undefined
  readonly token: string | undefined
}

/** Reads what a transport needs from a kubeconfig file; `context` defaults to the current one. Throws with the file's name. */
export async function loadKubeconfig(file: string, context?: string): Promise<KubeconfigCredentials> {
  return (await read(file, context)).value
}

/** A transport's options that follow a kubeconfig file and the files it names. Its server stays what it is at first. */
export async function followKubeconfig(
  file: string,
): Promise<{ readonly options: HttpTransportOptions; readonly live: Reloading<KubeconfigCredentials>; stop(): void }> {
  const live = await reloading({
    name: file,
    load: async () => {
      const loaded = await read(file)
      const { cert, key } = loaded.value
      if (cert && key && !new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) {
        throw new Error(`${file}: the client certificate and its key do not belong together`)
      }
      return loaded
    },
  })
  const { server, serverName } = live.current
  const options: HttpTransportOptions = {
    server,
    serverName,
    ca: () => live.current.ca,
    cert: () => live.current.cert,
    key: () => live.current.key,
    token: () => live.current.token,
  }
  return { options, live, stop: () => live.stop() }
}

async function read(file: string, context?: string) {
  const config = parse(await readFile(file, 'utf8')) as Kubeconfig | null
  const name = context ?? config?.['current-context']
  const chosen = config?.contexts?.find(c => c.name === name)?.context
  if (!chosen) throw new Error(`${file}: there is no context ${JSON.stringify(name ?? '')}`)
  const cluster = config?.clusters?.find(c => c.name === chosen.cluster)?.cluster
  if (!cluster) throw new Error(`${file}: there is no cluster ${JSON.stringify(chosen.cluster)}`)
  const user = config?.users?.find(u => u.name === chosen.user)?.user
  if (!user) throw new Error(`${file}: there is no user ${JSON.stringify(chosen.user)}`)
  const files = [file]
  const named = (path: string) => {
    const whole = resolve(dirname(file), path)
    files.push(whole)
    return readFile(whole, 'utf8')
  }
  const pem = async (data: string | undefined, path: string | undefined) =>
    data ? Buffer.from(data, 'base64').toString('utf8') : path ? named(path) : undefined
  const value: KubeconfigCredentials = {
    server: cluster.server,
    serverName: cluster['tls-server-name'],
    ca: await pem(cluster['certificate-authority-data'], cluster['certificate-authority']),
    cert: await pem(user['client-certificate-data'], user['client-certificate']),
    key: await pem(user['client-key-data'], user['client-key']),
    token: user.token ?? (user.tokenFile ? (await named(user.tokenFile)).trim() : undefined),
  }
  return { value, files }
}
