import type { Container, ContainerKind, Pod } from './types.ts'

type Rules = Pick<Container, 'restartPolicy' | 'restartPolicyRules'>

/** Whether a container that ended with `exitCode` is to run again, by its own rules, its own policy or the pod's. */
export function restartsAfter(pod: Pod, kind: ContainerKind, container: Rules, exitCode: number): boolean {
  if (kind === 'ephemeral') return false
  if (kind === 'sidecar') return true
  for (const rule of container.restartPolicyRules ?? []) {
    const { operator, values = [] } = rule.exitCodes ?? {}
    if (operator === 'In' && values.includes(exitCode)) return rule.action !== 'Terminate'
    if (operator === 'NotIn' && !values.includes(exitCode)) return rule.action !== 'Terminate'
  }
  const policy = container.restartPolicy ?? pod.spec.restartPolicy
  if (kind === 'init') return exitCode !== 0 && policy !== 'Never'
  if (policy === 'Always') return true
  return policy === 'OnFailure' && exitCode !== 0
}
