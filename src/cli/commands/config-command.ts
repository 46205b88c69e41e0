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
