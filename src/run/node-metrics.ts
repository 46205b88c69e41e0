/** What a node tells monitoring of itself: how long its certificates are valid, and how the API servers are. */
import { type CertificatePair, pairFacts } from '../kubelet/certificates/pair.ts'
import type { ApiBalancer } from './api-balancer.ts'

/** Where the numbers come from; those that are not there yet are left out. */
export interface WatchedParts {
  readonly serving: () => CertificatePair
  readonly client?: () => CertificatePair | undefined
  readonly backends?: ApiBalancer['states']
  /** Of the control plane's part of this machine. */
  readonly certificates?: () => readonly { readonly name: string; readonly notAfter: number }[]
}

/** In Prometheus' text format; certificates under upstream's names. */
export function nodeMetrics({ serving, client, backends, certificates }: WatchedParts, now: number): string {
  const seconds = (pair: CertificatePair | undefined) => {
    const facts = pair && pairFacts(pair)
    return facts && (facts.notAfter - now) / 1000
  }
  const states = backends?.() ?? []
  const label = ({ host, port }: { host: string; port: number }) =>
    `{backend="${host.includes(':') ? `[${host}]` : host}:${port}"}`
  return [
    gauge('kubelet_certificate_manager_client_ttl_seconds', 'Seconds until the client certificate expires.', [
      ['', seconds(client?.())],
    ]),
    gauge('kubelet_certificate_manager_server_ttl_seconds', 'Seconds until the serving certificate expires.', [
      ['', seconds(serving())],
    ]),
    gauge(
      'kobune_certificate_expiration_timestamp_seconds',
      'When a certificate of the control plane on this machine expires.',
      (certificates?.() ?? []).map(({ name, notAfter }) => [`{certificate="${name}"}`, notAfter / 1000]),
    ),
    gauge(
      'kobune_api_balancer_backend_ready',
      'Whether an API server is ready (1), or answers that it is not, or not at all (0).',
      states.map(backend => [label(backend), backend.state === 'ready' ? 1 : 0]),
    ),
    gauge(
      'kobune_api_balancer_connections',
      'Connections of this node to an API server.',
      states.map(backend => [label(backend), backend.connections]),
    ),
  ].join('')
}

function gauge(name: string, help: string, values: readonly (readonly [string, number | undefined])[]): string {
  const lines = values.flatMap(([labels, value]) => (value === undefined ? [] : [`${name}${labels} ${value}\n`]))
  return lines.length ? `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${lines.join('')}` : ''
}
