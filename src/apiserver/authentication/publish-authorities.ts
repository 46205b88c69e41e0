/** Tells in the cluster whom API servers trust, for other servers that have to tell who calls them. */
import { X509Certificate } from 'node:crypto'
import { configMaps } from '../../api/core/v1/config-map.ts'
import type { Client } from '../../client/client.ts'
import { isAlreadyExists, isConflict, isNotFound } from '../../machinery/status-error.ts'
import { type ProxyHeaders, usualProxyHeaders } from './front-proxy.ts'

export interface Published {
  /** PEM bundles. */
  readonly clientCa: string
  readonly frontProxyCa?: string | undefined
  readonly frontProxyNames?: readonly string[]
  readonly frontProxyHeaders?: ProxyHeaders
}

const key = { namespace: 'kube-system', name: 'extension-apiserver-authentication' }
const attempts = 8

/**
 * Brings the ConfigMap up to date. Authorities that other API servers have put there stay while they are valid: during a
 * rotation servers trust different ones.
 */
export async function publishAuthorities(client: Client, published: Published): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const held = await client.get(configMaps, key).catch(error => {
      if (!isNotFound(error)) throw error
    })
    const data = { ...held?.data, ...dataOf(published, held?.data ?? {}) }
    try {
      if (!held) await client.create(configMaps, { metadata: key, data })
      else if (JSON.stringify(data) !== JSON.stringify(held.data)) await client.update(configMaps, { ...held, data })
      return
    } catch (error) {
      if (attempt === attempts || !(isAlreadyExists(error) || isConflict(error))) throw error
    }
  }
}

function dataOf(published: Published, held: Readonly<Record<string, string>>): Record<string, string> {
  const { clientCa, frontProxyCa, frontProxyNames = ['front-proxy-client'] } = published
  const data: Record<string, string> = { 'client-ca-file': union(held['client-ca-file'], clientCa) }
  if (!frontProxyCa) return data
  const { user, group, extraPrefixes } = published.frontProxyHeaders ?? usualProxyHeaders
  return {
    ...data,
    'requestheader-client-ca-file': union(held['requestheader-client-ca-file'], frontProxyCa),
    'requestheader-allowed-names': JSON.stringify(frontProxyNames),
    'requestheader-username-headers': JSON.stringify(user),
    'requestheader-group-headers': JSON.stringify(group),
    'requestheader-extra-headers-prefix': JSON.stringify(extraPrefixes),
  }
}

/** Certificates of both bundles, each once, without those whose time is up. */
function union(held = '', own: string): string {
  const now = Date.now()
  const all = new Map<string, string>()
  for (const block of `${held}\n${own}`.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []) {
    try {
      const { fingerprint256, validToDate } = new X509Certificate(block)
      if (validToDate.getTime() > now) all.set(fingerprint256, block)
    } catch {
      // Of somebody else, and of no use to anybody.
    }
  }
  return `${[...all.values()].join('\n')}\n`
}
