import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fill } from '../schema/fill.ts'
import type { AnyResource, Column } from '../schema/resource.ts'
import { view } from '../schema/view.ts'
import { deployments } from './apps/v1/deployment.ts'
import { jobs } from './batch/v1/job.ts'
import { certificateSigningRequests } from './certificates/v1/certificate-signing-request.ts'
import { endpoints } from './core/v1/endpoints.ts'
import { events } from './core/v1/event.ts'
import { nodes } from './core/v1/node.ts'
import { pods } from './core/v1/pod.ts'
import { services } from './core/v1/service.ts'
import { resources } from './resources.ts'

const now = Date.parse('2024-01-01T01:00:00Z')
const earlier = '2024-01-01T00:50:00Z'

/** What the table shows of an object, without its name and age. */
function row(resource: AnyResource, given: object): Record<string, unknown> {
  const object = { metadata: { name: 'a' }, ...structuredClone(given) }
  fill(view(resource.type), object)
  const shown = (resource.columns as readonly Column<unknown>[]).filter(({ name }) => name !== 'Name' && name !== 'Age')
  return Object.fromEntries(shown.map(column => [column.name, column.of(object, now) ?? '<none>']))
}

const container = { name: 'c', image: 'i' }
const status = (more: object) => ({ name: 'c', ready: false, restartCount: 0, image: '', imageID: '', ...more })
const waiting = (reason: string, more: object = {}) => status({ state: { waiting: { reason } }, ...more })
const running = status({ ready: true, state: { running: {} } })
const ended = (exitCode: number, reason?: string) =>
  status({ state: { terminated: { exitCode, ...(reason && { reason }) } } })

const podRows: readonly [what: string, pod: object, ready: string, status: string, restarts: string][] = [
  ['is new', { status: { phase: 'Pending' } }, '0/1', 'Pending', '0'],
  ['is being made', { status: { containerStatuses: [waiting('ContainerCreating')] } }, '0/1', 'ContainerCreating', '0'],
  ['runs', { status: { phase: 'Running', containerStatuses: [running] } }, '1/1', 'Running', '0'],
  [
    'crashes',
    {
      status: {
        phase: 'Running',
        containerStatuses: [
          waiting('CrashLoopBackOff', {
            restartCount: 3,
            lastState: { terminated: { exitCode: 1, finishedAt: earlier } },
          }),
        ],
      },
    },
    '0/1',
    'CrashLoopBackOff',
    '3 (10m ago)',
  ],
  [
    'has completed',
    { status: { phase: 'Succeeded', containerStatuses: [ended(0, 'Completed')] } },
    '0/1',
    'Completed',
    '0',
  ],
  ['failed without a reason', { status: { phase: 'Failed', containerStatuses: [ended(3)] } }, '0/1', 'ExitCode:3', '0'],
  ['was evicted', { status: { phase: 'Failed', reason: 'Evicted' } }, '0/1', 'Evicted', '0'],
  [
    'goes',
    { metadata: { name: 'a', deletionTimestamp: earlier }, status: { phase: 'Running', containerStatuses: [running] } },
    '1/1',
    'Terminating',
    '0',
  ],
  [
    'initializes',
    {
      spec: { containers: [container], initContainers: [container, container] },
      status: { phase: 'Pending', initContainerStatuses: [ended(0), waiting('PodInitializing')] },
    },
    '0/1',
    'Init:1/2',
    '0',
  ],
  [
    'cannot initialize',
    {
      spec: { containers: [container], initContainers: [container] },
      status: { phase: 'Pending', initContainerStatuses: [ended(1, 'Error')] },
    },
    '0/1',
    'Init:Error',
    '0',
  ],
  [
    'has a sidecar',
    {
      spec: { containers: [container], initContainers: [{ ...container, name: 's', restartPolicy: 'Always' }] },
      status: {
        phase: 'Running',
        initContainerStatuses: [status({ name: 's', ready: true, started: true, state: { running: {} } })],
        containerStatuses: [running],
      },
    },
    '2/2',
    'Running',
    '0',
  ],
  [
    'waits for its gates',
    {
      status: { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }] },
    },
    '0/1',
    'SchedulingGated',
    '0',
  ],
]
for (const [what, pod, ready, said, restarts] of podRows) {
  test(`the row of a pod that ${what}`, () => {
    const shown = row(pods, { spec: { containers: [container] }, ...pod })
    assert.deepEqual([shown.Ready, shown.Status, shown.Restarts], [ready, said, restarts])
  })
}

test('the row of a node tells its roles, and that it is cordoned', () => {
  const shown = row(nodes, {
    metadata: {
      name: 'a',
      labels: { 'node-role.kubernetes.io/worker': '', 'node-role.kubernetes.io/control-plane': '' },
    },
    spec: { unschedulable: true },
    status: { conditions: [{ type: 'Ready', status: 'True' }], nodeInfo: { kubeletVersion: 'v1' } },
  })
  assert.equal(shown.Status, 'Ready,SchedulingDisabled')
  assert.equal(shown.Roles, 'control-plane,worker')
  assert.equal(shown['External-IP'], '<none>')
})

const others: readonly [AnyResource, object, Record<string, unknown>][] = [
  [
    deployments,
    {
      spec: { selector: { matchLabels: { a: 'b' } }, template: { spec: { containers: [container] } } },
      status: { readyReplicas: 1 },
    },
    { Ready: '1/1', 'Up-to-date': 0, Available: 0, Containers: 'c', Images: 'i', Selector: 'a=b' },
  ],
  [
    services,
    {
      spec: {
        type: 'NodePort',
        clusterIP: '10.0.0.1',
        ports: [
          { port: 80, nodePort: 30000 },
          { port: 53, protocol: 'UDP' },
        ],
      },
    },
    {
      Type: 'NodePort',
      'Cluster-IP': '10.0.0.1',
      'External-IP': '<none>',
      'Port(s)': '80:30000/TCP,53/UDP',
      Selector: '<none>',
    },
  ],
  [
    endpoints,
    { subsets: [{ addresses: [{ ip: '1.1.1.1' }, { ip: '1.1.1.2' }], ports: [{ port: 80 }, { port: 81 }] }] },
    { Endpoints: '1.1.1.1:80,1.1.1.2:80,1.1.1.1:81 + 1 more...' },
  ],
  [
    jobs,
    { spec: { completions: 3, template: {} }, status: { succeeded: 1, startTime: earlier } },
    { Status: 'Running', Completions: '1/3', Duration: '10m', Containers: '', Images: '', Selector: '<none>' },
  ],
  [
    certificateSigningRequests,
    { spec: { signerName: 's', username: 'u' }, status: { conditions: [{ type: 'Approved' }], certificate: 'x' } },
    { SignerName: 's', Requestor: 'u', RequestedDuration: '<none>', Condition: 'Approved,Issued' },
  ],
]
for (const [resource, object, expected] of others) {
  test(`the row of a ${resource.kind}`, () => assert.deepEqual(row(resource, object), expected))
}

test('the row of an event tells when it was last seen, and of what', () => {
  const shown = row(events, {
    involvedObject: { kind: 'Pod', name: 'p' },
    lastTimestamp: earlier,
    message: 'm\n',
    count: 2,
  })
  assert.deepEqual([shown['Last Seen'], shown.Object, shown.Message, shown.Count], ['10m', 'pod/p', 'm', '2'])
})

test('every kind that can be listed has columns', () => {
  const bare = resources.filter(({ verbs, columns }) => verbs.includes('list') && columns.length === 0)
  assert.deepEqual(
    bare.map(({ plural }) => plural),
    [],
  )
})
