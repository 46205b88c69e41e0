import assert from 'node:assert/strict'
import { test } from 'node:test'
import { admission } from './admission.ts'
import { podDns } from './dns.ts'
import { hostsFile } from './hosts-file.ts'
import { containerResources, oomScoreAdj, podCgroup, podLimits } from './resources.ts'
import { sandboxConfig } from './sandbox-config.ts'
import { rootRefusal } from './security.ts'
import { testPod } from './testdata/pods.ts'

const settings = {
  clusterDns: ['10.96.0.10'],
  clusterDomain: 'cluster.local',
  resolvConf: 'nameserver 9.9.9.9\nsearch example.com\noptions edns0\n',
}
const machineDns = { servers: ['9.9.9.9'], searches: ['example.com'], options: ['edns0'] }

test('podDns() follows the policy', () => {
  const cluster = {
    servers: ['10.96.0.10'],
    searches: ['default.svc.cluster.local', 'svc.cluster.local', 'cluster.local', 'example.com'],
    options: ['edns0', 'ndots:5'],
  }
  assert.deepEqual(podDns(testPod(), settings), { dns: cluster, fellBack: false })
  assert.deepEqual(podDns(testPod({ hostNetwork: true }), settings).dns, machineDns)
  assert.deepEqual(podDns(testPod({ hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' }), settings).dns, cluster)
  assert.deepEqual(podDns(testPod({ dnsPolicy: 'Default' }), settings).dns, machineDns)
  assert.deepEqual(podDns(testPod(), { ...settings, clusterDns: [] }), { dns: machineDns, fellBack: true })
  const dnsConfig = { nameservers: ['1.1.1.1'], searches: ['x.y'], options: [{ name: 'ndots', value: '2' }] }
  assert.deepEqual(podDns(testPod({ dnsPolicy: 'None', dnsConfig }), settings).dns, {
    servers: ['1.1.1.1'],
    searches: ['x.y'],
    options: ['ndots:2'],
  })
  assert.deepEqual(podDns(testPod({ dnsConfig }), settings).dns.options, ['edns0', 'ndots:2'])
})

test('hostsFile() names the pod by its addresses', () => {
  const pod = testPod({ hostname: 'me', subdomain: 'sub', hostAliases: [{ ip: '1.2.3.4', hostnames: ['a', 'b'] }] })
  const text = hostsFile(pod, { ips: ['10.0.0.2'], clusterDomain: 'cluster.local', machine: '' })
  assert.match(text, /^# Kubernetes-managed hosts file\.\n127\.0\.0\.1\tlocalhost\n/)
  assert.match(
    text,
    /\n10\.0\.0\.2\tme\.sub\.default\.svc\.cluster\.local\tme\n\n# Entries added by HostAliases\.\n1\.2\.3\.4\ta\tb\n$/,
  )
  const host = hostsFile(testPod({ hostNetwork: true }), { ips: [], clusterDomain: '', machine: '127.0.0.1 box\n' })
  assert.equal(host, '# Kubernetes-managed hosts file (host network).\n127.0.0.1 box\n')
})

const resources = (requests: object, limits: object = {}) => ({
  containers: [{ name: 'main', image: 'x', resources: { requests, limits } }],
})

test('containerResources() and podLimits() count in the units of cgroups', () => {
  const pod = testPod(resources({ cpu: '250m', memory: '64Mi' }, { cpu: '500m', memory: '128Mi' }))
  const found = containerResources(pod, pod.spec.containers[0]!, 1 << 30)
  const { cpuShares, cpuQuota, memoryLimitInBytes, oomScoreAdj: score } = found
  assert.deepEqual(
    { cpuShares, cpuQuota, memoryLimitInBytes, score },
    { cpuShares: 256, cpuQuota: 50_000, memoryLimitInBytes: 128 << 20, score: 938 },
  )
  assert.deepEqual(podLimits(pod), {
    cpuShares: 256,
    cpuQuota: 50_000,
    cpuPeriod: 100_000,
    memoryLimit: 128 << 20,
    pidsLimit: -1,
  })
  assert.equal(podCgroup(pod), '/kubepods/burstable/podu1')
  const none = testPod()
  assert.deepEqual(podLimits(none), { cpuShares: 2, pidsLimit: -1 })
  assert.equal(podCgroup(none), '/kubepods/besteffort/podu1')
  assert.equal(oomScoreAdj(none, none.spec.containers[0]!, 1 << 30), 1000)
  const guaranteed = testPod(resources({ cpu: '1', memory: '1Mi' }, { cpu: '1', memory: '1Mi' }))
  assert.equal(podCgroup(guaranteed), '/kubepods/podu1')
  assert.equal(oomScoreAdj(guaranteed, guaranteed.spec.containers[0]!, 1 << 30), -997)
})

test('admission() refuses what does not fit', () => {
  const allocatable = { cpu: '2', memory: '1Gi', pods: '2' }
  const other = testPod(resources({ cpu: '1500m' }), { metadata: { uid: 'u2' } })
  assert.equal(admission(testPod(resources({ cpu: '500m' })), [other], allocatable), undefined)
  assert.deepEqual(admission(testPod(resources({ cpu: '1' })), [other], allocatable), {
    reason: 'OutOfcpu',
    message: "Pod was rejected: Node didn't have enough resource: cpu, requested: 1000, used: 1500, capacity: 2000",
  })
  assert.equal(admission(testPod(), [other, other], allocatable)?.reason, 'OutOfpods')
  const port = (hostIP?: string) =>
    testPod({ containers: [{ name: 'a', image: 'x', ports: [{ containerPort: 80, hostPort: 80, hostIP }] }] })
  assert.equal(admission(port(), [port('10.0.0.1')], allocatable)?.reason, 'NodePorts')
  assert.equal(admission(port('10.0.0.2'), [port('10.0.0.1')], allocatable), undefined)
  const sysctl = (name: string) => testPod({ securityContext: { sysctls: [{ name, value: '1' }] } })
  assert.equal(admission(sysctl('kernel.msgmax'), [], allocatable)?.reason, 'SysctlForbidden')
  assert.equal(admission(sysctl('kernel.shm_rmid_forced'), [], allocatable), undefined)
})

test('sandboxConfig() keeps pid namespaces apart unless they are shared', () => {
  const options = {
    seccompRoot: '/s',
    appArmor: false,
    attempt: 0,
    dns: {},
    clusterDomain: 'c',
    logDirectory: '/l',
    cgroupParent: '/p',
  }
  const of = (spec: object) => sandboxConfig(testPod(spec), options)
  const pid = (spec: object) => of(spec).linux?.securityContext?.namespaceOptions?.pid
  assert.deepEqual(
    [pid({}), pid({ shareProcessNamespace: true }), pid({ hostPID: true })],
    ['CONTAINER', 'POD', 'NODE'],
  )
  assert.deepEqual([of({}).hostname, of({ hostNetwork: true }).hostname], ['web', ''])
  const ports = [{ containerPort: 80, hostPort: 8080 }, { containerPort: 81 }]
  assert.deepEqual(of({ containers: [{ name: 'a', ports }] }).portMappings, [
    { containerPort: 80, hostPort: 8080, protocol: 'TCP' },
  ])
})

test('rootRefusal() keeps root out where it must not be', () => {
  const pod = testPod({ securityContext: { runAsNonRoot: true } })
  const [main] = pod.spec.containers
  assert.match(rootRefusal(pod, main!, { uid: 0, name: '' })!, /^container has runAsNonRoot and image will run as root/)
  assert.match(rootRefusal(pod, main!, { uid: undefined, name: 'bob' })!, /non-numeric user \(bob\)/)
  assert.equal(rootRefusal(pod, main!, { uid: 1000, name: '' }), undefined)
  assert.equal(rootRefusal(testPod(), main!, { uid: 0, name: '' }), undefined)
})
