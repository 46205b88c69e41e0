import type { Command } from '../command.ts'
import { certsCommand, kubeconfigCommand } from './certs-command.ts'

/** `kobune alpha certs ...`: what these commands were called before Kubernetes 1.20, as older texts have them. */
export const alphaCommand: Command = {
  name: 'alpha',
  does: 'Older names of certs and kubeconfig',
  hidden: true,
  commands: [certsCommand, kubeconfigCommand],
}
