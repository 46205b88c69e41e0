import { always } from './alone.ts'
import type { Command } from './command.ts'
import { output } from './command.ts'
import { alphaCommand } from './commands/alpha-command.ts'
import { certsCommand, kubeconfigCommand } from './commands/certs-command.ts'
import { clusterOptions } from './commands/cluster-options.ts'
import { configCommand } from './commands/config-command.ts'
import { controlPlaneCommands } from './commands/control-plane-command.ts'
import { datastoreCommand } from './commands/datastore-command.ts'
import { flanneldCommand } from './commands/flanneld-command.ts'
import { initCommand } from './commands/init-command.ts'
import { joinCommand } from './commands/join-command.ts'
import { kubeProxyCommand } from './commands/kube-proxy-command.ts'
import { kubeletCommand } from './commands/kubelet-command.ts'
import { nodesCommand } from './commands/nodes-command.ts'
import { processCommands } from './commands/processes.ts'
import { resetCommand } from './commands/reset-command.ts'
import { snapshotCommand } from './commands/snapshot-command.ts'
import { tokenCommand } from './commands/token-command.ts'
import { upgradeCommand } from './commands/upgrade-command.ts'
import { versionCommand } from './commands/version-command.ts'

/** The whole command tree. Code is loaded only by the command that runs. */
export const kobune: Command = {
  name: 'kobune',
  does: 'A complete Kubernetes that builds itself. Start with: kobune up',
  options: [{ flags: '-v, --version', does: 'print the version' }],
  commands: [
    {
      name: 'up',
      does: 'Bring up a cluster on this machine, or bring it back up; needs root',
      options: [
        ...clusterOptions,
        { flags: '--systemd', does: 'start it at every boot, as systemd units' },
        { flags: '--no-install', does: 'fail rather than install missing Debian packages' },
        { flags: '--timeout <duration>', does: 'how long to wait for the cluster to be ready', default: '120s' },
        output,
      ],
      examples: [
        ['kobune up', 'A cluster with this machine as its only node'],
        ['kobune up --systemd', 'The same, and again after every reboot'],
        ['kobune up --api-port 8443 --pod-cidr 10.10.0.0/16', 'Another port and another pod network'],
      ],
      alone: always,
      run: async call => (await import('./commands/up.ts')).up(call),
    },
    initCommand,
    joinCommand,
    resetCommand,
    upgradeCommand,
    nodesCommand,
    {
      name: 'down',
      does: 'Stop the cluster; containers are stopped, state is kept',
      options: [
        { flags: '--purge', does: 'remove every trace: state, images, certificates, interfaces, rules' },
        { flags: '-y, --yes', does: 'do not ask before purging' },
      ],
      examples: [
        ['kobune down', 'Stop it; `kobune up` brings it back as it was'],
        ['kobune down --purge --yes', 'Remove the cluster and everything it left'],
      ],
      alone: always,
      run: async call => (await import('./commands/down.ts')).down(call),
    },
    {
      name: 'status',
      does: 'Check each component and say what is wrong',
      options: [output],
      examples: [['kobune status', 'Exit code 0 when all is well']],
      run: async call => (await import('./commands/status.ts')).status(call),
    },
    {
      name: 'logs',
      does: 'Show what a component says',
      arguments: [
        {
          name: 'component',
          does: 'whose log',
          choices: [
            ...['server', 'agent', 'kubelet', 'containerd'],
            ...['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'],
          ],
        },
      ],
      options: [
        { flags: '-f, --follow', does: 'go on until interrupted' },
        { flags: '-n, --lines <count>', does: 'how many of the last lines', default: '100' },
      ],
      examples: [
        ['kobune logs agent -f', 'Follow the node agent'],
        ['kobune logs kube-apiserver', 'The same of a part of the control plane: a pod, a unit or a process'],
      ],
      run: async call => (await import('./commands/logs.ts')).logs(call),
    },
    {
      name: 'image',
      does: 'Images without a registry',
      commands: [
        {
          name: 'import',
          does: 'Give images of an OCI or Docker archive to the cluster',
          arguments: [{ name: 'file', does: 'tar archives', variadic: true }],
          examples: [['kobune image import app.tar', 'Pods may use it at once']],
          run: async call => (await import('./commands/image.ts')).importImages(call),
        },
        {
          name: 'build',
          does: 'Pack a folder, or Debian packages, as an image',
          arguments: [
            { name: 'name', does: 'what pods call it: [registry/]repository:tag' },
            { name: 'folder', does: 'its root file system', optional: true },
          ],
          options: [
            { flags: '--package <name>', does: 'add a Debian package and all it depends on', many: true },
            { flags: '--program <path>', does: 'add a program of this machine and its libraries', many: true },
            { flags: '--into <path>', does: 'where in the image the folder goes', default: '/' },
            { flags: '--cmd <json>', does: 'default command, a JSON list' },
            { flags: '--entrypoint <json>', does: 'entry point, a JSON list' },
            { flags: '--env <name=value>', does: 'environment variable', many: true },
            { flags: '--user <uid[:gid]>', does: 'who runs it' },
            { flags: '--workdir <path>', does: 'working directory' },
            { flags: '--file <path>', does: 'write an archive instead of importing it into the cluster' },
          ],
          examples: [
            ['kobune image build example.com/app:1 ./rootfs --cmd \'["/app"]\'', 'A folder becomes an image'],
            ['kobune image build docker.io/library/redis:7 --package redis-server', 'Out of Debian packages'],
          ],
          run: async call => (await import('./commands/image.ts')).buildImage(call),
        },
        {
          name: 'list',
          does: 'Show the images the cluster has',
          options: [output],
          run: async call => (await import('./commands/image.ts')).listImages(call),
        },
      ],
    },
    {
      name: 'completion',
      does: 'Print a completion script for a shell',
      arguments: [{ name: 'shell', does: 'which', choices: ['bash', 'zsh', 'fish'] }],
      examples: [['source <(kobune completion bash)', 'Complete in this shell']],
      run: async call => (await import('./commands/completion.ts')).completion(kobune, call),
    },
    versionCommand,
    configCommand,
    tokenCommand,
    certsCommand,
    kubeconfigCommand,
    alphaCommand,
    snapshotCommand,
    datastoreCommand,
    ...processCommands,
    ...controlPlaneCommands,
    kubeletCommand,
    kubeProxyCommand,
    flanneldCommand,
  ],
}
