/** The versions of the cluster's API servers, each asked by its own address. */
import { get } from 'node:https'
import { endpoints } from '../../api/core/v1/endpoints.ts'
import type { Client } from '../../client/client.ts'
import { hostPort } from '../node-context.ts'
import { compareVersions, minorsAhead, parseVersion, versionOf } from './version.ts'

export interface ApiServerVersion {
  /** host:port */
  readonly at: string
  /** Undefined when it does not answer. */
  readonly version: string | undefined
}

/** Of all that the cluster knows; nodes may read these Endpoints, too. */
export async function apiServerVersions(client: Client): Promise<readonly ApiServerVersion[]> {
  const { subsets } = await client.get(endpoints, { namespace: 'default', name: 'kubernetes' })
  const all = (subsets ?? []).flatMap(({ addresses = [], ports = [] }) => {
    const port = (ports.find(({ name }) => name === 'https') ?? ports[0])?.port
    return port ? addresses.map(({ ip }) => hostPort(ip, port)) : []
  })
  return Promise.all(all.map(async at => ({ at, version: await versionAt(at) })))
}

/** Milliseconds that a server may take. */
const patience = 5_000

/** A version is public; who answers is not verified, as nothing is decided by it but to wait. */
function versionAt(at: string): Promise<string | undefined> {
  return new Promise(resolve => {
    const call = get(
      `https://${at}/version`,
      { rejectUnauthorized: false, timeout: patience, agent: false },
      answer => {
        let text = ''
        answer.setEncoding('utf8').on('data', chunk => {
          if (text.length < 64 * 1024) text += chunk
        })
        answer.on('end', () => {
          try {
            void resolve((JSON.parse(text) as { readonly gitVersion?: string }).gitVersion)
          } catch {
            void resolve(undefined)
          }
        })
      },
    )
    call.on('timeout', () => call.destroy())
    call.on('error', () => resolve(undefined))
  })
}

/** Servers that a kubelet of the target version must not speak to: those of an older minor version of Kubernetes. */
export function olderThanKubelet(servers: readonly ApiServerVersion[], target: string): readonly ApiServerVersion[] {
  return servers.filter(({ version }) => {
    const known = version === undefined ? undefined : parseVersion(version)
    return !known || minorsAhead(known, versionOf(target)) > 0
  })
}

/** Servers that are not at the target version yet. */
export function notUpgraded(servers: readonly ApiServerVersion[], target: string): readonly ApiServerVersion[] {
  return servers.filter(({ version }) => {
    const known = version === undefined ? undefined : parseVersion(version)
    return !known || compareVersions(known, versionOf(target)) < 0
  })
}
