import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Deployment } from '../api/apps/v1/deployment.ts'
import { ReplicaSet } from '../api/apps/v1/replica-set.ts'
import { Pod } from '../api/core/v1/pod.ts'
import { Service } from '../api/core/v1/service.ts'
import { fill } from './fill.ts'
import { view } from './view.ts'

test('fill() gives a pod what upstream gives it', () => {
  const pod = {
    metadata: { name: 'a' },
    spec: { containers: [{ name: 'a', image: 'x', ports: [{ containerPort: 1 }] }], volumes: [{ name: 'v' }] },
  }
  fill(view(Pod), pod)
  assert.deepEqual(pod, {
    metadata: { name: 'a' },
    spec: {
      containers: [
        {
          name: 'a',
          image: 'x',
          ports: [{ containerPort: 1, protocol: 'TCP' }],
          imagePullPolicy: 'Always',
          resources: {},
          terminationMessagePath: '/dev/termination-log',
          terminationMessagePolicy: 'File',
        },
      ],
      volumes: [{ name: 'v', emptyDir: {} }],
      dnsPolicy: 'ClusterFirst',
      restartPolicy: 'Always',
      schedulerName: 'default-scheduler',
      securityContext: {},
      enableServiceLinks: true,
      terminationGracePeriodSeconds: 30,
    },
    status: {},
  })
})

test('fill() fills a rolling update but keeps zeros that were given', () => {
  const deployment = { metadata: {}, spec: { replicas: 0, selector: {}, template: {} } }
  fill(view(Deployment), deployment)
  const spec = deployment.spec as unknown as Record<string, unknown>
  assert.equal(spec.replicas, 0)
  assert.deepEqual(spec.strategy, { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } })
})

test('fill() shows the required numbers of a status as Go does', () => {
  const set = { metadata: {}, spec: {}, status: {} }
  fill(view(ReplicaSet), set)
  assert.deepEqual(set.status, { replicas: 0 })
})

test('fill() does not share defaults between objects', () => {
  const one = { spec: { ports: [{ port: 80 }] } }
  const other = structuredClone(one)
  fill(view(Service), one)
  fill(view(Service), other)
  assert.deepEqual(one, other)
  assert.deepEqual(one.spec.ports, [{ port: 80, protocol: 'TCP', targetPort: 80 }])
})
