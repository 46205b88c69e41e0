import { always } from '../alone.ts'
import type { Command, Option } from '../command.ts'
import { output } from '../command.ts'

const file: Option = { flags: '--config <file>', does: 'configuration file' }
const image: readonly Option[] = [
  file,
  { flags: '--kubernetes-version <version>', does: 'the Kubernetes to run' },
  { flags: '--image-repository <name>', does: 'where images are pulled from' },
]
const components: Option = {
  flags: '--component-configs <kinds>',
  does: 'print these, too: KubeletConfiguration, KubeProxyConfiguration',
  many: true,
}

function printDefaults(command: 'init' | 'join' | 'reset' | 'upgrade'): Command {
  const withComponents = command === 'init' || command === 'join'
  return {
    name: `${command}-defaults`,
    does: `Print a configuration for \`kobune ${command}\` with the defaults`,
    ...(withComponents && { options: [components] }),
    run: async call => (await import('./config.ts')).printDefaults(command, call),
  }
}

/** `kobune config` */
export const configCommand: Command = {
  name: 'config',
  does: 'Configuration files of kubeadm: print, check and convert them',
  commands: [
    {
      name: 'print',
      does: 'Print defaults to start from',
      commands: (['init', 'join', 'reset', 'upgrade'] as const).map(printDefaults),
    },
    {
      name: 'migrate',
      does: 'Convert a file of an older version to the current one',
      options: [
        { flags: '--old-config <file>', does: 'file to read' },
        { flags: '--new-config <file>', does: 'file to write; default: print it' },
        { flags: '--allow-experimental-api', does: 'no effect: there is no experimental version' },
      ],
      examples: [['kobune config migrate --old-config kubeadm.yaml', 'Print it as kubeadm.k8s.io/v1beta4']],
      run: async call => (await import('./config.ts')).migrate(call),
    },
    {
      name: 'validate',
      does: 'Check a file; prints ok',
      options: [file, { flags: '--allow-experimental-api', does: 'no effect: there is no experimental version' }],
      examples: [['kobune config validate --config kubeadm.yaml', 'Errors name file, line and field']],
      run: async call => (await import('./config.ts')).validateFile(call),
    },
    {
      name: 'schema',
      does: 'Print a JSON schema for editors',
      examples: [['kobune config schema > kubeadm.schema.json', 'Completion and checks while you write']],
      run: async () => (await import('./config.ts')).printSchema(),
    },
    {
      name: 'endpoint',
      does: 'The address by which all machines reach the API',
      commands: [
        {
          name: 'set',
          does: 'Give the cluster an endpoint, or another one, without an outage; on a machine of the control plane, as root',
          arguments: [{ name: 'endpoint', does: 'host:port, of a balancer or a name' }],
          options: [{ flags: '--no-check', does: 'do not ask for the API there first' }],
          examples: [['kobune config endpoint set api.example.com:6443', 'Says which machines must do what before']],
          alone: always,
          run: async call => (await import('./endpoint.ts')).set(call),
        },
        {
          name: 'apply',
          does: 'Let this machine take up the endpoint that the cluster has; on every machine, as root',
          examples: [['kobune config endpoint apply', 'Fine to give when it has']],
          alone: always,
          run: async () => (await import('./endpoint.ts')).apply(),
        },
      ],
    },
    {
      name: 'haproxy',
      does: 'Print a configuration of HAProxy for the API servers of the cluster',
      options: [
        { flags: '--bind-port <port>', does: 'where HAProxy listens', default: '6443' },
        {
          flags: '--ca-file <file>',
          does: "where the machine of HAProxy has the cluster's ca.crt",
          default: '/etc/haproxy/kubernetes-ca.crt',
        },
        { flags: '--kubeconfig <file>', does: 'how to reach the cluster', default: '/etc/kubernetes/admin.conf' },
      ],
      examples: [['kobune config haproxy > haproxy.cfg', 'For a machine that is not of the control plane']],
      run: async call => (await import('./endpoint.ts')).haproxy(call),
    },
    {
      name: 'images',
      does: 'The images of the control plane',
      commands: [
        {
          name: 'list',
          does: 'Print their names',
          options: [...image, output],
          run: async call => (await import('./config.ts')).listImages(call),
        },
        {
          name: 'pull',
          does: 'Put them into the container runtime',
          options: [...image, { flags: '--cri-socket <socket>', does: 'socket of the container runtime' }],
          run: async call => (await import('./config.ts')).pullImages(call),
        },
      ],
    },
  ],
}
