import type { Option } from '../command.ts'

/** What a cluster is like; kept from one `up` to the next. */
export const clusterOptions: readonly Option[] = [
  { flags: '--node-name <name>', does: 'name of this node (default: the host name)' },
  { flags: '--api-address <address>', does: 'address the API is reached at (default: that of the default route)' },
  { flags: '--api-port <port>', does: 'port of the API (default: 6443)' },
  { flags: '--pod-cidr <cidr>', does: 'network of the pods (default: 10.244.0.0/16)' },
  { flags: '--service-cidr <cidr>', does: 'network of the Services (default: 10.96.0.0/12)' },
  { flags: '--cluster-domain <domain>', does: 'DNS domain of the cluster (default: cluster.local)' },
]
