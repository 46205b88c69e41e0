/** The flags of `kobune flanneld`: flannel's, and two of ours. Each can also be given as FLANNELD_NAME in the environment. */
import { accepted, type Given, list, number, refused, text, toggle } from '../../base/flags.ts'

const rulesAreSets = 'rules are laid as one nftables table that nobody empties'

export const flanneldFlags = {
  'kube-subnet-mgr': toggle('take leases from the Nodes of a cluster instead of etcd'),
  'kube-api-url': text('address of the API server; default: that of the kubeconfig, or of the pod'),
  'kubeconfig-file': text('how to reach the API; default: as a pod does'),
  'kube-annotation-prefix': text('prefix of the annotations of Nodes', 'flannel.alpha.coreos.com'),
  'net-config-path': text('the network configuration, with --kube-subnet-mgr', '/etc/kube-flannel/net-conf.json'),
  'set-node-network-unavailable': toggle('set the condition NetworkUnavailable of the Node to False', true),
  'node-name': text('name of the Node; default: NODE_NAME of the environment, else the host name'),

  'etcd-endpoints': list('members of etcd', ['http://127.0.0.1:4001', 'http://127.0.0.1:2379']),
  'etcd-prefix': text('where in etcd the network is', '/coreos.com/network'),
  'etcd-cafile': text('who signed the certificates of etcd'),
  'etcd-certfile': text('certificate for etcd'),
  'etcd-keyfile': text('its key'),
  'subnet-lease-renew-margin': number('minutes before its end at which a lease in etcd is renewed', 60),

  iface: list('interface toward the other machines, by name, address or network; the first that fits'),
  'public-ip': text('address that the others are told; default: that of the interface'),
  'subnet-file': text('where to write what this machine got', '/run/flannel/subnet.env'),
  'ip-masq': toggle('packets from pods to the outside leave with the address of the machine'),
  'healthz-ip': text('address of /healthz and /readyz', '0.0.0.0'),
  'healthz-port': number('port of /healthz and /readyz; 0: none', 0),
  'cni-conf-dir': text('write the configuration of a bridge with the own piece there, so that pods are attached to it'),
  v: number('how much to log: 4 and more is more', 0),

  'iptables-resync': accepted('number', rulesAreSets),
  'iptables-forward-rules': accepted('toggle', 'forwarding is always allowed in the network'),
  'ip-masq-fully-random-disable': accepted('toggle', 'source ports are always chosen by chance'),
  logtostderr: accepted('toggle', 'logs go to standard output'),
  'etcd-username': refused('only certificates are read; give --etcd-certfile and --etcd-keyfile'),
  'etcd-password': refused('only certificates are read; give --etcd-certfile and --etcd-keyfile'),
  'public-ipv6': refused('IPv6 between nodes is not built in'),
  'iface-regex': refused('give the name, an address or a network of the interface as --iface'),
  'iface-can-reach': refused('give the name, an address or a network of the interface as --iface'),
  'ip-blackhole-route': refused('it is not built in'),
}

export type FlanneldFlags = Given<typeof flanneldFlags>

/** As Go's older programs take them: `-flag` for `--flag`, and flags from the environment where the line is silent. */
export function flanneldWords(words: readonly string[], env: Readonly<Record<string, string | undefined>>): string[] {
  const line = words.map(word => word.replace(/^-(?=[a-z][a-z-])/, '--'))
  const said = new Set(line.map(word => word.replace(/=[\s\S]*$/, '')))
  const fromEnv = Object.keys(flanneldFlags).flatMap(name => {
    const value = env[`FLANNELD_${name.toUpperCase().replaceAll('-', '_')}`]
    return value && !said.has(`--${name}`) ? [`--${name}=${value}`] : []
  })
  return [...fromEnv, ...line]
}
