/** A configuration of HAProxy that balances the API servers of a cluster. */
import { hostPort } from './node-context.ts'

export interface HaproxyOptions {
  /** Where the API servers are: host and port by the names of their nodes. */
  readonly servers: readonly { readonly name: string; readonly host: string; readonly port: number }[]
  readonly bindPort: number
  /** Where the machine of HAProxy has the cluster's ca.crt. */
  readonly caFile: string
}

/**
 * Bytes pass through as they are: clients' certificates must reach the API server. A server takes part while its /readyz
 * says 200, by a certificate of the cluster's authority; connections to one that fell out are ended, so that clients try
 * the next. Watches and `kubectl exec` may be silent for hours: only peers that are gone are given up early (keep-alive).
 */
export function haproxyConfiguration({ servers, bindPort, caFile }: HaproxyOptions): string {
  const lines = servers.map(({ name, host, port }) => `    server ${name} ${hostPort(host, port)}`)
  return `# Balances the API of a Kubernetes cluster; made by: kobune config haproxy
# Put the cluster's /etc/kubernetes/pki/ca.crt at ${caFile} (it is no secret).
# Check: haproxy -c -f FILE. Make it anew when a machine of the control plane comes or goes.

global
    log stdout format raw local0 notice

defaults
    mode tcp
    log global
    option dontlognull
    option clitcpka
    option srvtcpka
    retries 3
    option redispatch
    timeout connect 5s
    timeout check 5s
    timeout client 4h
    timeout server 4h

frontend kubernetes-api
    bind ${servers.some(({ host }) => host.includes(':')) ? `:::${bindPort} v4v6` : `*:${bindPort}`}
    default_backend kubernetes-api

backend kubernetes-api
    balance leastconn
    option httpchk
    http-check send meth GET uri /readyz ver HTTP/1.1 hdr Host kubernetes
    http-check expect status 200
    default-server check check-ssl verify required ca-file ${caFile} verifyhost kubernetes inter 2s fastinter 500ms fall 2 rise 2 on-marked-down shutdown-sessions
${lines.join('\n')}
`
}
