import { namespaces } from '../../../api/core/v1/namespace.ts'
import type { Pod } from '../../../api/core/v1/pod.ts'
import type { Operation } from '../../admission.ts'
import { deepEqual } from '../../cache/json.ts'
import type { Lister } from '../../lister.ts'
import type { Plugin } from '../plugin.ts'
import { refuse } from '../refuse.ts'
import { baseline } from './baseline.ts'
import type { Check, PodSpec } from './containers.ts'
import { restricted } from './restricted.ts'

const levels: Readonly<Record<string, Readonly<Record<string, Check>>>> = { baseline, restricted }
const prefix = 'pod-security.kubernetes.io/'

interface Template {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> | undefined } | undefined
  readonly spec?: PodSpec
}

/** Where kinds that make pods have what they are made from. */
const templates: Readonly<Record<string, (object: never) => Template | undefined>> = {
  '/pods': (pod: Pod) => pod,
  '/pods/ephemeralcontainers': (pod: Pod) => pod,
  '/podtemplates': (one: { template?: Template }) => one.template,
  ...Object.fromEntries(
    [
      '/replicationcontrollers',
      'apps/replicasets',
      'apps/deployments',
      'apps/daemonsets',
      'apps/statefulsets',
      'batch/jobs',
    ].map(where => [where, (one: { spec?: { template?: Template } }) => one.spec?.template]),
  ),
  'batch/cronjobs': (one: { spec?: { jobTemplate?: { spec?: { template?: Template } } } }) =>
    one.spec?.jobTemplate?.spec?.template,
}

/** Holds pods to the level of the Pod Security Standards that their namespace's labels say, and warns about templates. */
export function podSecurity(lister: Lister): Plugin {
  const check = (operation: Operation) => {
    const labels = lister.get(namespaces, operation.namespace ?? '')?.metadata.labels
    if (!labels) return
    const enforced = labels[`${prefix}enforce`]
    const warned = labels[`${prefix}warn`]
    if (!levels[enforced ?? ''] && !levels[warned ?? '']) return
    const { resource, subresource, object, oldObject } = operation
    const where = `${resource.group}/${resource.plural}${subresource && `/${subresource}`}`
    const template = templates[where]!(object as never)
    if (!template?.spec) return
    if (oldObject && deepEqual(templates[where]!(oldObject as never)?.spec, template.spec)) return
    const version = (mode: string) => labels[`${prefix}${mode}-version`] ?? 'latest'
    const isPod = resource.plural === 'pods'
    const violated = violations(isPod ? enforced : undefined, template)
    if (violated) throw refuse(operation, `violates PodSecurity "${enforced}:${version('enforce')}": ${violated}`)
    const warning = violations(warned, template)
    if (warning) operation.warn(`would violate PodSecurity "${warned}:${version('warn')}": ${warning}`)
  }
  return {
    name: 'PodSecurity',
    operations: ['CREATE', 'UPDATE'],
    resources: Object.keys(templates),
    validate(operation) {
      const loading = lister.ready([namespaces])
      if (loading) return loading.then(() => check(operation))
      check(operation)
    },
  }
}

/** What a pod does that its level forbids, in words; undefined: nothing. */
function violations(level: string | undefined, { spec, metadata }: Template): string | undefined {
  const checks = levels[level ?? '']
  if (!checks || !spec) return undefined
  const found = Object.values(checks).flatMap(check => check(spec, metadata?.annotations ?? {}) ?? [])
  return found.length > 0 ? found.map(({ reason, detail }) => `${reason} (${detail})`).join(', ') : undefined
}
