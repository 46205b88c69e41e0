/** Flags that several control plane components have. */
import { accepted, duration, type Flags, list, number, refused, text, toggle } from '../../base/flags.ts'

const second = 1_000

/** How much is told, and what Go programs want to know. */
export const processFlags = {
  v: number('how much is logged: from 4 on debugging, from 6 on everything', 0),
  version: toggle('print the version and end'),
  help: toggle('print this help and end'),
  vmodule: accepted('text', 'levels are not set by file'),
  'logging-format': accepted('text', 'logs are JSON lines'),
  'log-json-info-buffer-size': accepted('text', 'logs are written at once'),
  'log-json-split-stream': accepted('toggle', 'logs go to standard output'),
  'log-text-info-buffer-size': accepted('text', 'logs are JSON lines'),
  'log-text-split-stream': accepted('toggle', 'logs are JSON lines'),
  'log-flush-frequency': accepted('duration', 'logs are written at once'),
  'feature-gates': accepted('map', 'everything that is there is on'),
  'emulated-version': accepted('list', 'the API of one version is served'),
  'emulation-forward-compatible': accepted('toggle', 'the API of one version is served'),
  'min-compatibility-version': accepted('list', 'the API of one version is served'),
  'runtime-config-emulation-forward-compatible': accepted('toggle', 'the API of one version is served'),
  profiling: accepted('toggle', 'there are no profiling paths'),
  'contention-profiling': accepted('toggle', 'there are no profiling paths'),
  'allow-metric-labels': accepted('text', 'labels of metrics are fixed'),
  'allow-metric-labels-manifest': accepted('text', 'labels of metrics are fixed'),
  'disabled-metrics': accepted('list', 'metrics are computed only when they are read'),
  'show-hidden-metrics-for-version': accepted('text', 'no metrics are hidden'),
} satisfies Flags

/** Where a component listens, and with which certificate. */
export const servingFlags = {
  'tls-cert-file': text('certificate of the server, PEM, with its chain; read again when it changes'),
  'tls-private-key-file': text('key of that certificate'),
  'tls-min-version': text('lowest version of TLS: VersionTLS12 or VersionTLS13', 'VersionTLS12'),
  'tls-cipher-suites': accepted('list', "Node's own list of good ciphers is used"),
  'tls-curve-preferences': accepted('list', "Node's own list of good curves is used"),
  'tls-sni-cert-key': refused('one certificate serves all names'),
  'disable-http2-serving': accepted('toggle', 'HTTP/1.1 is spoken'),
  'http2-max-streams-per-connection': accepted('number', 'HTTP/1.1 is spoken'),
  'permit-address-sharing': accepted('toggle', 'a port that is taken is an error'),
  'permit-port-sharing': accepted('toggle', 'a port that is taken is an error'),
} satisfies Flags

/** Who may speak for others in front. */
export const requestHeaderFlags = {
  'requestheader-client-ca-file': text('authorities of proxies in front, PEM; read again when it changes'),
  'requestheader-allowed-names': list('common names of proxies in front; none: any'),
  'requestheader-username-headers': list('headers with the user', ['x-remote-user']),
  'requestheader-group-headers': list('headers with the groups', ['x-remote-group']),
  'requestheader-uid-headers': accepted('list', 'X-Remote-Uid is read'),
  'requestheader-extra-headers-prefix': list('beginnings of headers with more on the user', ['x-remote-extra-']),
} satisfies Flags

/** What kube-controller-manager and kube-scheduler share. */
export const leaderFlags = {
  ...processFlags,
  ...servingFlags,
  ...requestHeaderFlags,
  kubeconfig: text('kubeconfig file by which the API is reached; read again when it changes'),
  master: text("address of the API server instead of the kubeconfig's"),
  'bind-address': text('address to listen at', '0.0.0.0'),
  'client-ca-file': text('authorities of client certificates, PEM; read again when it changes'),
  'cert-dir': accepted('text', 'a self-signed certificate is kept in memory'),
  'authentication-kubeconfig': accepted('text', 'callers are looked up with --kubeconfig'),
  'authorization-kubeconfig': accepted('text', 'callers are looked up with --kubeconfig'),
  'authentication-skip-lookup': accepted(
    'toggle',
    'authorities are looked up in the cluster where --client-ca-file is not given',
  ),
  'authentication-tolerate-lookup-failure': accepted('toggle', 'a failed lookup refuses that one request'),
  'authentication-token-webhook-cache-ttl': accepted('duration', 'answers are kept for ten seconds'),
  'authorization-webhook-cache-authorized-ttl': accepted('duration', 'answers are kept for ten seconds'),
  'authorization-webhook-cache-unauthorized-ttl': accepted('duration', 'answers are kept for ten seconds'),
  'authorization-always-allow-paths': list('paths that need no authorization', ['/healthz', '/readyz', '/livez']),
  'leader-elect': toggle('work only while this process holds the lease', true),
  'leader-elect-lease-duration': duration('after so long without renewal others may take the lease', 15 * second),
  'leader-elect-renew-deadline': duration('after so long without success the lead is given up', 10 * second),
  'leader-elect-retry-period': duration('time between attempts', 2 * second),
  'leader-elect-resource-lock': text('kind of object that is the lock', 'leases'),
  'leader-elect-resource-namespace': text('namespace of the lease', 'kube-system'),
  'kube-api-qps': accepted('number', 'the API server is not spared'),
  'kube-api-burst': accepted('number', 'the API server is not spared'),
  'kube-api-content-type': accepted('text', 'JSON is spoken'),
} satisfies Flags
