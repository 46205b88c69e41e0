/**
 * The rooms of the house, top to bottom, and what each may import. A room may import itself, and what it names here;
 * test/house/rooms.test.ts holds the code against this table. `node` says which of Node's own modules a room may use:
 * the fewer rooms touch the machine, the more can be replayed.
 */
export interface Room {
  readonly may: readonly string[]
  readonly node?: readonly string[] | 'any'
  /** One line for the picture in the documentation. */
  readonly is: string
}

const objects = ['machinery', 'api', 'schema', 'base']
const component = ['reconcile', 'client', ...objects]

export const rooms: Readonly<Record<string, Room>> = {
  cli: {
    may: ['run', 'testing', 'bootstrap', 'kubelet', 'network', 'dns', 'proxy', 'client', 'pki', ...objects, 'host'],
    node: 'any',
    is: 'the command tree',
  },
  run: {
    may: [
      'bootstrap',
      'apiserver',
      'controllers',
      'scheduler',
      'kubelet',
      'proxy',
      'network',
      'dns',
      'storage',
      'pki',
      ...component,
      'host',
    ],
    node: 'any',
    is: 'which parts make a process',
  },
  testing: {
    may: ['run', 'storage', 'pki', ...component],
    node: 'any',
    is: 'embeddable clusters for tests',
  },
  bootstrap: {
    may: ['kubelet', 'proxy', 'network', 'storage', 'pki', ...component, 'host'],
    node: 'any',
    is: 'what kubeadm does',
  },
  apiserver: { may: ['client', 'storage', 'pki', ...objects], node: 'any', is: 'the one door to the state' },
  controllers: { may: ['pki', ...component], node: ['node:crypto', 'node:util'], is: 'one file per controller' },
  scheduler: { may: component, is: 'one file per plugin' },
  kubelet: { may: ['pki', ...component, 'host'], node: 'any', is: 'pods on a node, through CRI' },
  proxy: { may: [...component, 'host'], node: ['node:crypto'], is: 'Services as nftables rules' },
  network: {
    may: [...component, 'host'],
    node: ['node:dgram', 'node:events'],
    is: 'pod networks between and on nodes',
  },
  dns: { may: component, node: ['node:crypto', 'node:dgram', 'node:net'], is: 'names of Services and pods' },
  reconcile: { may: ['client', ...objects], is: 'what all controllers share' },
  client: {
    may: objects,
    node: ['node:crypto', 'node:http', 'node:https', 'node:fs', 'node:fs/promises', 'node:path'],
    is: 'typed client, informers, transports',
  },
  storage: { may: ['base'], node: 'any', is: 'versioned key-value store' },
  pki: { may: ['base'], node: 'any', is: 'certificates, CSRs, tokens' },
  machinery: { may: ['api', 'schema', 'base'], node: ['node:crypto', 'node:util'], is: 'what every object shares' },
  api: { may: ['schema', 'base'], is: 'the Kubernetes API as data' },
  schema: { may: ['base'], is: 'the language the API is declared in' },
  host: { may: ['base'], node: 'any', is: 'the only door to the machine' },
  base: { may: [], node: 'any', is: 'things with no Kubernetes in them' },
}

/** Files over 500 lines, each with the reason why it is still one idea. Data does not count. */
export const longFiles: Readonly<Record<string, string>> = {}
