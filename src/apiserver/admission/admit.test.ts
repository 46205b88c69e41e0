import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deployments } from '../../api/apps/v1/deployment.ts'
import { certificateSigningRequests } from '../../api/certificates/v1/certificate-signing-request.ts'
import { nodes } from '../../api/core/v1/node.ts'
import { persistentVolumeClaims } from '../../api/core/v1/persistent-volume-claim.ts'
import { type Pod, pods } from '../../api/core/v1/pod.ts'
import { ingresses } from '../../api/networking/v1/ingress.ts'
import type { AnyResource } from '../../schema/resource.ts'
import type { Operation } from '../admission.ts'
import { createAuthorizer } from '../authorization/authorizer.ts'
import { caches } from '../testdata/caches.ts'
import type { User } from '../user.ts'
import { createAdmission } from './admit.ts'

type Server = Awaited<ReturnType<typeof caches>>
const alice: User = { name: 'alice', groups: ['system:authenticated'] }
const account = {
  kind: 'ServiceAccount',
  apiVersion: 'v1',
  metadata: { name: 'default', namespace: 'shop', uid: 'sa' },
}
let made = 0

function operation(resource: AnyResource, object: object | undefined, more: Partial<Operation> = {}): Operation {
  return {
    operation: 'CREATE',
    resource,
    subresource: '',
    namespace: resource.namespaced ? 'shop' : undefined,
    name: (object as Pod | undefined)?.metadata.name ?? '',
    user: alice,
    dryRun: false,
    object: object as never,
    oldObject: undefined,
    options: {},
    warn: () => undefined,
    ...more,
  }
}

/** A pod as the pipeline hands it on: decoded, stamped, with defaults. */
function pod(spec: object = {}, container: object = {}) {
  const metadata = { name: `p${made}`, namespace: 'shop', uid: `uid-${made++}` }
  return {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata,
    spec: { containers: [{ name: 'c', image: 'i', ...container }], ...spec },
  }
}

async function admit<T extends object>(
  server: Server,
  resource: AnyResource,
  object: T,
  more: Partial<Operation> = {},
) {
  const admission = admissions.get(server) ?? createAdmission(server.lister, createAuthorizer(server.lister))
  admissions.set(server, admission)
  const one = operation(resource, object, more)
  await admission.mutate(one)
  await admission.validate(one)
  return object as T & Pod
}
const admissions = new WeakMap<Server, ReturnType<typeof createAdmission>>()
const forbidden = (message: string | RegExp) => ({ code: 403, message })

test('pods get their service account and its token, priority and tolerations', async () => {
  await using server = await caches(
    { ...account, imagePullSecrets: [{ name: 'registry' }] },
    {
      kind: 'PriorityClass',
      apiVersion: 'scheduling.k8s.io/v1',
      metadata: { name: 'high' },
      value: 1000,
      preemptionPolicy: 'Never',
    },
  )
  const { spec } = await admit(server, pods, pod({ priorityClassName: 'high' }))
  assert.equal(spec.serviceAccountName, 'default')
  assert.deepEqual(spec.imagePullSecrets, [{ name: 'registry' }])
  assert.equal(spec.priority, 1000)
  assert.equal(spec.preemptionPolicy, 'Never')
  const [volume] = spec.volumes ?? []
  assert.match(volume!.name, /^kube-api-access-[a-z0-9]{5}$/)
  assert.equal(volume!.projected?.sources?.[0]?.serviceAccountToken?.expirationSeconds, 3607)
  assert.deepEqual(spec.containers[0]!.volumeMounts, [
    { name: volume!.name, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', readOnly: true },
  ])
  assert.deepEqual(
    spec.tolerations?.map(one => `${one.key}:${one.effect} ${one.tolerationSeconds}`),
    ['node.kubernetes.io/not-ready:NoExecute 300', 'node.kubernetes.io/unreachable:NoExecute 300'],
  )
  const bare = await admit(server, pods, pod({ automountServiceAccountToken: false }))
  assert.equal(bare.spec.volumes, undefined)
  assert.equal(bare.spec.priority, 0)
  const critical = await admit(server, pods, pod({ priorityClassName: 'system-node-critical' }))
  assert.equal(critical.spec.priority, 2000001000)
  await assert.rejects(
    admit(server, pods, pod({ serviceAccountName: 'ghost' })),
    forbidden(/error looking up service account shop\/ghost: serviceaccount "ghost" not found/),
  )
  await assert.rejects(
    admit(server, pods, pod({ priorityClassName: 'ghost' })),
    forbidden(/no PriorityClass with name ghost was found/),
  )
  await assert.rejects(
    admit(server, pods, pod({ priority: 5 })),
    forbidden(/integer value of priority \(5\) must not be provided/),
  )
})

test('limit ranges give defaults and hold to bounds', async () => {
  await using server = await caches(account, {
    kind: 'LimitRange',
    apiVersion: 'v1',
    metadata: { name: 'l', namespace: 'shop' },
    spec: {
      limits: [
        {
          type: 'Container',
          default: { cpu: '500m', memory: '1Gi' },
          defaultRequest: { cpu: '100m', memory: '1Gi' },
          max: { cpu: '1' },
          min: { cpu: '50m' },
        },
        { type: 'PersistentVolumeClaim', max: { storage: '10Gi' } },
      ],
    },
  })
  const given = await admit(server, pods, pod({}, { resources: { limits: { cpu: '800m' } } }))
  assert.deepEqual(given.spec.containers[0]!.resources, {
    limits: { cpu: '800m', memory: '1Gi' },
    requests: { cpu: '800m', memory: '1Gi' },
  })
  assert.equal(
    given.metadata.annotations?.['kubernetes.io/limit-ranger'],
    'LimitRanger plugin set: memory request for container c; memory limit for container c',
  )
  await assert.rejects(
    admit(server, pods, pod({}, { resources: { limits: { cpu: '2' }, requests: { cpu: '10m' } } })),
    forbidden(
      /forbidden: \[minimum cpu usage per Container is 50m, but request is 10m, maximum cpu usage per Container is 1, but limit is 2\]$/,
    ),
  )
  const claim = { kind: 'PersistentVolumeClaim', metadata: { name: 'd', namespace: 'shop', uid: 'd' } }
  const large = { ...claim, spec: { resources: { requests: { storage: '11Gi' } } } }
  await assert.rejects(
    admit(server, persistentVolumeClaims, large),
    forbidden(
      'persistentvolumeclaims "d" is forbidden: maximum storage usage per PersistentVolumeClaim is 10Gi, but request is 11Gi',
    ),
  )
})

test('quotas hold, also against many at once', async () => {
  await using server = await caches(account, {
    kind: 'ResourceQuota',
    apiVersion: 'v1',
    metadata: { name: 'q', namespace: 'shop' },
    spec: { hard: { pods: '3', 'requests.cpu': '1', 'count/deployments.apps': '1' } },
  })
  const small = () => pod({}, { resources: { requests: { cpu: '300m' } } })
  const results = await Promise.allSettled(Array.from({ length: 10 }, () => admit(server, pods, small())))
  const admitted = results.flatMap(one => (one.status === 'fulfilled' ? [one.value] : []))
  assert.equal(admitted.length, 3)
  const refused = results.find(one => one.status === 'rejected')
  assert.match(
    (refused as PromiseRejectedResult).reason.message,
    /forbidden: exceeded quota: q, requested: pods=1,requests.cpu=300m, used: pods=3,requests.cpu=900m, limited: pods=3,requests.cpu=1$/,
  )
  await server.put(...(admitted as never[]))
  await assert.rejects(admit(server, pods, small()), forbidden(/exceeded quota/))
  await server.put({ ...(admitted[0] as object), status: { phase: 'Succeeded' } } as never)
  await admit(server, pods, small())
  await assert.rejects(admit(server, pods, pod()), forbidden(/failed quota: q: must specify requests.cpu for: c$/))
  const deployment = (name: string) => ({
    kind: 'Deployment',
    metadata: { name, namespace: 'shop', uid: name },
    spec: {},
  })
  await admit(server, deployments, deployment('one'))
  await assert.rejects(admit(server, deployments, deployment('two')), forbidden(/requested: count\/deployments.apps=1/))
})

test('the Pod Security Standards are kept where a namespace says so', async () => {
  const namespace = (labels: Readonly<Record<string, string>>) => ({
    kind: 'Namespace',
    apiVersion: 'v1',
    metadata: { name: 'shop', labels },
  })
  const enforce = 'pod-security.kubernetes.io/enforce'
  await using server = await caches(account, namespace({ [enforce]: 'restricted' }))
  await assert.rejects(
    admit(server, pods, { ...pod(), metadata: { name: 'p', namespace: 'shop', uid: 'p' } }),
    forbidden(
      'pods "p" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
    ),
  )
  const hardened = {
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    },
  }
  await admit(server, pods, pod({}, hardened))
  await server.put(namespace({ [enforce]: 'baseline', 'pod-security.kubernetes.io/warn': 'restricted' }))
  const warnings: string[] = []
  const warn = (text: string) => warnings.push(text)
  await admit(server, pods, pod(), { warn })
  assert.match(warnings[0]!, /^would violate PodSecurity "restricted:latest": allowPrivilegeEscalation/)
  const bad = pod(
    { hostNetwork: true, volumes: [{ name: 'h', hostPath: { path: '/' } }] },
    { securityContext: { privileged: true, capabilities: { add: ['SYS_ADMIN', 'KILL'] } }, ports: [{ hostPort: 80 }] },
  )
  await assert.rejects(
    admit(server, pods, bad),
    forbidden(
      /"baseline:latest": non-default capabilities \(container "c" must not include "SYS_ADMIN" in securityContext.capabilities.add\), host namespaces \(hostNetwork=true\), hostPath volumes \(volume "h"\), hostPort \(container "c" uses hostPort 80\), privileged \(container "c" must not set securityContext.privileged=true\)$/,
    ),
  )
})

test('kubelets change only what is theirs', async () => {
  const mine = { ...pod({ nodeName: 'n1' }), metadata: { name: 'mine', namespace: 'shop', uid: 'mine' } }
  await using server = await caches(account, mine)
  const user = { name: 'system:node:n1', groups: ['system:nodes'] }
  const node = (name: string, labels = {}) => ({ kind: 'Node', apiVersion: 'v1', metadata: { name, labels }, spec: {} })
  const created = await admit(server, nodes, node('n1', { 'kubernetes.io/os': 'linux', mine: 'x' }), { user })
  assert.deepEqual((created.spec as { taints?: unknown }).taints, [
    { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' },
  ])
  await assert.rejects(
    admit(server, nodes, node('n2'), { user }),
    forbidden('nodes "n2" is forbidden: node "n1" is not allowed to modify node "n2"'),
  )
  await assert.rejects(
    admit(server, nodes, node('n1', { 'node-role.kubernetes.io/control-plane': '' }), { user }),
    forbidden(/is not allowed to set the following labels: node-role.kubernetes.io\/control-plane/),
  )
  const gone = { user, operation: 'DELETE' as const }
  await admit(server, nodes, node('n1'), { ...gone, oldObject: node('n1') as never })
  await assert.rejects(
    admit(server, nodes, node('n2'), { ...gone, oldObject: node('n2') as never }),
    forbidden(/node "n1" is not allowed to modify node "n2"/),
  )
  const status = { user, operation: 'UPDATE' as const, subresource: 'status' }
  await admit(server, pods, mine, { ...status, oldObject: mine as never })
  const other = { ...mine, spec: { ...mine.spec, nodeName: 'n2' } }
  await assert.rejects(
    admit(server, pods, other, { ...status, oldObject: other as never }),
    forbidden(/can only update pod status/),
  )
  await assert.rejects(admit(server, pods, pod({ nodeName: 'n1' }), { user }), forbidden(/can only create mirror pods/))
})

test('defaults of classes, finalizers of storage, and who may approve', async () => {
  const mark = (name: string) => ({ annotations: { [`${name}.kubernetes.io/is-default-class`]: 'true' } })
  await using server = await caches(
    {
      kind: 'StorageClass',
      apiVersion: 'storage.k8s.io/v1',
      metadata: { name: 'local', ...mark('storageclass') },
      provisioner: 'x',
    },
    {
      kind: 'IngressClass',
      apiVersion: 'networking.k8s.io/v1',
      metadata: { name: 'front', ...mark('ingressclass') },
      spec: {},
    },
  )
  const metadata = { name: 'x', namespace: 'shop', uid: 'x' }
  const claim = await admit(server, persistentVolumeClaims, { metadata, spec: {} as { storageClassName?: string } })
  assert.equal(claim.spec.storageClassName, 'local')
  assert.deepEqual(claim.metadata.finalizers, ['kubernetes.io/pvc-protection'])
  const ingress = await admit(server, ingresses, { metadata: { name: 'x' }, spec: {} as { ingressClassName?: string } })
  assert.equal(ingress.spec.ingressClassName, 'front')
  const request = {
    kind: 'CertificateSigningRequest',
    metadata: { name: 'r' },
    spec: { signerName: 'kubernetes.io/kubelet-serving' },
    status: {},
  }
  await assert.rejects(
    admit(server, certificateSigningRequests, request, {
      operation: 'UPDATE',
      subresource: 'approval',
      oldObject: request as never,
    }),
    forbidden(
      'certificatesigningrequests.certificates.k8s.io "r" is forbidden: user not permitted to approve requests with signerName "kubernetes.io/kubelet-serving"',
    ),
  )
})
