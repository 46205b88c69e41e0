import { accepted, type Flags, number, refused, text } from '../../base/flags.ts'
import { leaderFlags } from './common.ts'

/** kube-scheduler's flags, as upstream names them. */
export const kubeSchedulerFlags = {
  ...leaderFlags,
  'secure-port': number('port to listen at', 10259),
  'leader-elect-resource-name': text('name of the lease', 'kube-scheduler'),
  config: refused('the plugins of the default profile run, and take no configuration yet'),
  'write-config-to': refused('there is no configuration file'),
  'pod-max-in-unschedulable-pods-duration': accepted('duration', 'pods wait for a change that can help them'),
} satisfies Flags
