import type { Command } from '../command.ts'

const file = { flags: '--config <file>', does: 'settings written by `kobune up`' }

/** The processes of a cluster: started by `up`, by systemd, or in images; not meant to be typed. */
export const processCommands: readonly Command[] = [
  {
    name: 'server',
    does: 'Run API server, controllers and scheduler in this process',
    hidden: true,
    options: [file],
    run: async call => (await import('../../run/server.ts')).runServer(String(call.options.config)),
  },
  {
    name: 'control-plane',
    does: 'Run API server, controllers and scheduler in this process, with the arguments that init wrote',
    hidden: true,
    options: [{ flags: '--config <file>', does: 'command lines written by `kobune init`' }],
    run: async call =>
      (await import('../../run/control-plane-process.ts')).runControlPlane(String(call.options.config)),
  },
  {
    name: 'agent',
    does: 'Run kubelet, Service proxy and pod network in this process',
    hidden: true,
    options: [file],
    run: async call => (await import('../../run/agent.ts')).runAgent(String(call.options.config)),
  },
  {
    name: 'dns',
    does: 'Run the cluster DNS server',
    hidden: true,
    options: [
      { flags: '--port <port>', does: 'where to listen', default: '53' },
      { flags: '--health-port <port>', does: 'where to answer health checks', default: '8080' },
      { flags: '--domain <domain>', does: 'domain of the cluster', default: 'cluster.local' },
    ],
    run: async call => (await import('../../run/dns.ts')).runDns(call.options as never),
  },
]
