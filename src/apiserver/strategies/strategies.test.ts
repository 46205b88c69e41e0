import assert from 'node:assert/strict'
import { test } from 'node:test'
import { customResourceDefinitions } from '../../api/apiextensions/v1/custom-resource-definition.ts'
import { deployments } from '../../api/apps/v1/deployment.ts'
import { statefulSets } from '../../api/apps/v1/stateful-set.ts'
import { cronJobs } from '../../api/batch/v1/cron-job.ts'
import { jobs } from '../../api/batch/v1/job.ts'
import { certificateSigningRequests } from '../../api/certificates/v1/certificate-signing-request.ts'
import { configMaps } from '../../api/core/v1/config-map.ts'
import { namespaces } from '../../api/core/v1/namespace.ts'
import { persistentVolumeClaims } from '../../api/core/v1/persistent-volume-claim.ts'
import { pods } from '../../api/core/v1/pod.ts'
import { secrets } from '../../api/core/v1/secret.ts'
import { services } from '../../api/core/v1/service.ts'
import type { KubernetesObject } from '../../api/group-version.ts'
import { ingresses } from '../../api/networking/v1/ingress.ts'
import { podDisruptionBudgets } from '../../api/policy/v1/pod-disruption-budget.ts'
import { roles } from '../../api/rbac/v1/role.ts'
import { roleBindings } from '../../api/rbac/v1/role-binding.ts'
import { check } from '../../schema/check.ts'
import { fill } from '../../schema/fill.ts'
import type { AnyResource } from '../../schema/resource.ts'
import { view } from '../../schema/view.ts'
import type { Draft, RequestContext } from '../registry/strategy.ts'
import { strategyOf } from './strategies.ts'

const context: RequestContext = { user: { name: 'eve', groups: ['g'] }, dryRun: false, subresource: '' }

/** A new object as the registry makes it of what a writer gives. */
function made(resource: AnyResource, given: object): KubernetesObject {
  const draft = {
    apiVersion: resource.apiVersion,
    kind: resource.kind,
    metadata: { name: 'a', uid: 'u' },
    ...structuredClone(given),
  }
  fill(view(resource.type), draft)
  strategyOf(resource).prepareCreate?.(draft as unknown as Draft<KubernetesObject>, context)
  fill(view(resource.type), draft)
  return draft as unknown as KubernetesObject
}

function errorsOf(resource: AnyResource, given: object): readonly string[] {
  const object = made(resource, given)
  return [...check(view(resource.type), object), ...strategyOf(resource).validate!(object, context)].map(String)
}

function updateErrors(resource: AnyResource, before: object, after: object): readonly string[] {
  const old = made(resource, before)
  const object = made(resource, after)
  strategyOf(resource).prepareUpdate?.(object as Draft<KubernetesObject>, old, context)
  return (strategyOf(resource).validateUpdate?.(object, old, context) ?? []).map(String)
}

const container = { name: 'c', image: 'i' }
const template = (more: object = {}, labels: object = { app: 'x' }) => ({
  metadata: { labels },
  spec: { containers: [container], ...more },
})
const selector = { matchLabels: { app: 'x' } }
const pod = (spec: object) => ({ spec: { containers: [container], ...spec } })
const withContainer = (more: object) => pod({ containers: [{ ...container, ...more }] })
const mismatch = 'Invalid value: {"app":"y"}: `selector` does not match template `labels`'

const definition = (spec: object) => ({
  metadata: { name: 'things.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'things', kind: 'Thing' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
    ...spec,
  },
})

const refused: readonly [AnyResource, object, readonly string[]][] = [
  [pods, { spec: {} }, ['spec.containers: Required value']],
  [pods, { spec: { containers: [] } }, ['spec.containers: Required value']],
  [pods, pod({ containers: [container, container] }), ['spec.containers[1].name: Duplicate value: "c"']],
  [pods, pod({ containers: [{ name: 'c' }] }), ['spec.containers[0].image: Required value']],
  [
    pods,
    withContainer({ volumeMounts: [{ name: 'x', mountPath: '/x' }] }),
    ['spec.containers[0].volumeMounts[0].name: Not found: "x"'],
  ],
  [
    pods,
    pod({ restartPolicy: 'X' }),
    ['spec.restartPolicy: Unsupported value: "X": supported values: "Always", "OnFailure", "Never"'],
  ],
  [
    pods,
    withContainer({ resources: { limits: { cpu: '1' }, requests: { cpu: '2' } } }),
    ['spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1'],
  ],
  [
    pods,
    withContainer({ ports: [{ containerPort: 70000 }] }),
    ['spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive'],
  ],
  [
    pods,
    withContainer({ livenessProbe: {} }),
    ['spec.containers[0].livenessProbe: Required value: must specify a handler type'],
  ],
  [
    pods,
    pod({ volumes: [{ name: 'v', emptyDir: {}, hostPath: { path: '/x' } }] }),
    ['spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type'],
  ],
  [
    pods,
    pod({ tolerations: [{ operator: 'Equal' }] }),
    [
      'spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty, which means "match all values and all keys"',
    ],
  ],
  [
    deployments,
    { spec: { selector, template: template({}, { app: 'y' }) } },
    [`spec.template.metadata.labels: ${mismatch}`],
  ],
  [
    deployments,
    { spec: { replicas: -1, selector, template: template() } },
    ['spec.replicas: Invalid value: -1: must be greater than or equal to 0'],
  ],
  [
    deployments,
    { spec: { selector, template: template({ restartPolicy: 'Never' }) } },
    ['spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"'],
  ],
  [
    deployments,
    { spec: { selector, template: template(), strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: '0%' } } } },
    ['spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "0%": may not be 0 when `maxSurge` is 0'],
  ],
  [
    jobs,
    { spec: { template: template() } },
    ['spec.template.spec.restartPolicy: Unsupported value: "Always": supported values: "OnFailure", "Never"'],
  ],
  [
    cronJobs,
    { spec: { schedule: '* *', jobTemplate: { spec: { template: template({ restartPolicy: 'Never' }) } } } },
    ['spec.schedule: Invalid value: "* *": expected exactly 5 fields, found 2: [* *]'],
  ],
  [services, { spec: {} }, ['spec.ports: Required value']],
  [
    services,
    { spec: { ports: [{ port: 80 }, { port: 81 }] } },
    ['spec.ports[0].name: Required value', 'spec.ports[1].name: Required value'],
  ],
  [
    services,
    { spec: { type: 'X', ports: [{ port: 80 }] } },
    ['spec.type: Unsupported value: "X": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"'],
  ],
  [secrets, { type: 'kubernetes.io/tls', data: { 'tls.crt': '' } }, ['data[tls.key]: Required value']],
  [
    roles,
    { rules: [{ verbs: [], apiGroups: [''], resources: ['pods'] }] },
    ['rules[0].verbs: Required value: verbs must contain at least one value'],
  ],
  [
    podDisruptionBudgets,
    { spec: { minAvailable: -1 } },
    ['spec.minAvailable: Invalid value: -1: must be greater than or equal to 0'],
  ],
  [ingresses, { spec: {} }, ['spec: Invalid value: []: either `defaultBackend` or `rules` must be specified']],
  [
    persistentVolumeClaims,
    { spec: {} },
    ['spec.accessModes: Required value: at least 1 access mode is required', 'spec.resources[storage]: Required value'],
  ],
  [
    certificateSigningRequests,
    { spec: { request: 'AAAA', signerName: 'a.b/c', usages: ['client auth'] } },
    ['spec.request: Invalid value: "AAAA": PEM block type must be CERTIFICATE REQUEST'],
  ],
  [
    customResourceDefinitions,
    definition({ group: 'other.com' }),
    ['metadata.name: Invalid value: "things.example.com": must be spec.names.plural+"."+spec.group'],
  ],
  [
    customResourceDefinitions,
    definition({ versions: [{ name: 'v1', schema: { openAPIV3Schema: { type: 'object', properties: { a: {} } } } }] }),
    [
      'spec.versions: Invalid value: ["v1"]: must have exactly one version marked as storage version',
      'spec.versions[0].schema.openAPIV3Schema.properties[a].type: Required value: must not be empty for specified object fields',
    ],
  ],
  [
    configMaps,
    { metadata: { name: 'a', labels: { '-a': 'b' } } },
    [
      "metadata.labels: Invalid value: \"-a\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
    ],
  ],
]
for (const [resource, given, expected] of refused) {
  test(`${resource.kind} is refused: ${expected[0]!.slice(0, 100)}`, () =>
    assert.deepEqual(errorsOf(resource, given), expected))
}

const accepted: readonly [AnyResource, object][] = [
  [customResourceDefinitions, definition({})],
  [pods, pod({ volumes: [{ name: 'v' }], initContainers: [{ name: 'i', image: 'x' }], hostNetwork: true })],
  [deployments, { spec: { selector, template: template() } }],
  [statefulSets, { spec: { selector, serviceName: 's', template: template() } }],
  [jobs, { spec: { template: template({ restartPolicy: 'Never' }) } }],
  [services, { spec: { ports: [{ port: 80 }], selector: { a: 'b' } } }],
  [services, { spec: { type: 'ExternalName', externalName: 'example.com' } }],
  [services, { spec: { clusterIP: 'None' } }],
  [namespaces, {}],
  [configMaps, { data: { 'a.b': 'c' } }],
]
for (const [resource, given] of accepted) {
  test(`${resource.kind} ${JSON.stringify(given).slice(0, 60)} is accepted`, () =>
    assert.deepEqual(errorsOf(resource, given), []))
}

test('new pods are pending, and say their quality of service', () => {
  const { status } = made(pods, { ...pod({}), status: { phase: 'Running' } }) as unknown as { status: object }
  assert.deepEqual(status, { phase: 'Pending', qosClass: 'BestEffort' })
})

test('jobs select their pods by their uid', () => {
  const job = made(jobs, { spec: { template: template({ restartPolicy: 'Never' }) } }) as unknown as {
    spec: { selector: object }
  }
  assert.deepEqual(job.spec.selector, { matchLabels: { 'batch.kubernetes.io/controller-uid': 'u' } })
})

test('certificate signing requests say who asks', () => {
  const request = made(certificateSigningRequests, { spec: { username: 'admin', groups: ['system:masters'] } })
  assert.deepEqual((request as unknown as { spec: object }).spec, { username: 'eve', groups: ['g'] })
})

test('stringData of secrets is folded into data', () => {
  const secret = made(secrets, { data: { a: 'eA==' }, stringData: { b: 'y' } }) as unknown as Record<string, unknown>
  assert.deepEqual(secret.data, { a: 'eA==', b: 'eQ==' })
  assert.equal(secret.stringData, undefined)
})

test('pods hardly change', () => {
  assert.deepEqual(updateErrors(pods, pod({}), withContainer({ image: 'j' })), [])
  const [error] = updateErrors(pods, pod({}), pod({ hostname: 'h' }))
  assert.match(
    error!,
    /^spec: Forbidden: pod updates may not change fields other than `spec\.containers\[\*\]\.image`,/,
  )
  assert.match(error!, /spec\.hostname$/)
  const more = pod({ containers: [container, { ...container, name: 'd' }] })
  assert.deepEqual(updateErrors(pods, pod({}), more), [
    'spec.containers: Forbidden: pod updates may not add or remove containers',
  ])
})

test('what may not change is told', () => {
  const before = { spec: { selector, template: template() } }
  const after = { spec: { selector: { matchLabels: { app: 'y' } }, template: template({}, { app: 'y' }) } }
  assert.deepEqual(updateErrors(deployments, before, after), [
    'spec.selector: Invalid value: {"matchLabels":{"app":"y"}}: field is immutable',
  ])
  const ref = (name: string) => ({ roleRef: { kind: 'Role', name } })
  assert.match(
    updateErrors(roleBindings, ref('a'), ref('b'))[0]!,
    /^roleRef: Invalid value: \{.*\}: cannot change roleRef$/,
  )
  assert.deepEqual(updateErrors(configMaps, { immutable: true, data: { a: 'b' } }, { immutable: true, data: {} }), [
    'data: Forbidden: field is immutable when `immutable` is set',
  ])
  const service = (clusterIP: string) => ({ spec: { clusterIP, ports: [{ port: 80 }] } })
  assert.deepEqual(updateErrors(services, service('10.0.0.1'), service('10.0.0.2')), [
    'spec.clusterIPs[0]: Invalid value: ["10.0.0.2"]: may not change once set',
  ])
  assert.deepEqual(updateErrors(services, service('10.0.0.1'), { spec: { ports: [{ port: 80 }] } }), [])
})
