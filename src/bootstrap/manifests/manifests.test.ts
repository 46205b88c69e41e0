import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'yaml'
import { recordingHost } from '../../host/recording-host.ts'
import { defaultCluster } from '../config/defaults.ts'
import { exampleFacts } from '../config/facts.ts'
import type { NodeContext } from '../node-context.ts'
import { manifestText } from '../phases/manifests.ts'
import { commandLine } from './arguments.ts'
import { controlPlanePods } from './control-plane.ts'
import { etcdPod } from './etcd.ts'
import { applyPatches } from './patches.ts'

const endpoint = { advertiseAddress: '192.0.2.1', bindPort: 6443 }
const timeouts = { controlPlaneComponentHealthCheck: '4m0s' }
const cluster = defaultCluster(exampleFacts)
const commandOf = (pod: object) =>
  (pod as { spec: { containers: { command: string[] }[] } }).spec.containers[0]!.command

test('arguments of the configuration take the place of ours, and may come several times', () => {
  assert.deepEqual(
    commandLine({ b: '1', a: '2', c: undefined }, [
      { name: 'b', value: 'x' },
      { name: 'b', value: 'y' },
    ]),
    ['--a=2', '--b=x', '--b=y'],
  )
})

test('the API server of a stacked control plane uses its own member of etcd', () => {
  const pod = controlPlanePods['kube-apiserver']({ cluster, endpoint, timeouts })
  const command = commandOf(pod)
  for (const argument of [
    '--advertise-address=192.0.2.1',
    '--authorization-mode=Node,RBAC',
    '--enable-bootstrap-token-auth=true',
    '--etcd-servers=https://127.0.0.1:2379',
    '--etcd-certfile=/etc/kubernetes/pki/apiserver-etcd-client.crt',
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    '--service-cluster-ip-range=10.96.0.0/12',
    '--requestheader-allowed-names=front-proxy-client',
  ]) {
    assert.ok(command.includes(argument), argument)
  }
  assert.equal(
    pod.metadata?.annotations?.['kubeadm.kubernetes.io/kube-apiserver.advertise-address.endpoint'],
    '192.0.2.1:6443',
  )
  assert.deepEqual(pod.metadata?.labels, { component: 'kube-apiserver', tier: 'control-plane' })
})

test('the API server of an external etcd is given its files, and sees their folders', () => {
  const files = {
    caFile: '/srv/etcd/ca.crt',
    certFile: '/etc/kubernetes/pki/apiserver-etcd-client.crt',
    keyFile: '/etc/kubernetes/pki/apiserver-etcd-client.key',
  }
  const external = defaultCluster(exampleFacts, {
    etcd: { external: { endpoints: ['https://192.0.2.7:2379', 'https://192.0.2.8:2379'], ...files } },
  })
  const pod = controlPlanePods['kube-apiserver']({ cluster: external, endpoint, timeouts })
  assert.ok(commandOf(pod).includes('--etcd-servers=https://192.0.2.7:2379,https://192.0.2.8:2379'))
  assert.ok(commandOf(pod).includes('--etcd-cafile=/srv/etcd/ca.crt'))
  const mounts = pod.spec!.containers[0]!.volumeMounts!.map(({ mountPath }) => mountPath)
  assert.deepEqual(mounts, ['/etc/kubernetes/pki', '/srv/etcd'])
})

test('without the key of the authority the controller manager signs nothing', () => {
  const command = commandOf(
    controlPlanePods['kube-controller-manager']({ cluster, endpoint, timeouts, externalCa: true }),
  )
  assert.ok(command.includes('--cluster-signing-key-file='))
  assert.ok(command.includes('--controllers=*,bootstrapsigner,tokencleaner'))
})

test('a member of etcd that joins names all members; checks are called by its version', () => {
  const image = 'kobune.io/etcd:3.4.23'
  const first = commandOf(etcdPod({ cluster, nodeName: 'a', endpoint, image }))
  assert.ok(first.includes('--initial-cluster=a=https://192.0.2.1:2380'))
  assert.ok(!first.some(word => word.startsWith('--initial-cluster-state')))
  assert.ok(first.includes('--experimental-initial-corrupt-check=true'))
  const members = [
    { name: 'a', peerUrl: 'https://192.0.2.9:2380' },
    { name: 'b', peerUrl: 'https://192.0.2.1:2380' },
  ]
  const second = commandOf(etcdPod({ cluster, nodeName: 'b', endpoint, image: 'kobune.io/etcd:3.6.1', members }))
  assert.ok(second.includes('--initial-cluster=a=https://192.0.2.9:2380,b=https://192.0.2.1:2380'))
  assert.ok(second.includes('--initial-cluster-state=existing'))
  assert.ok(second.includes('--feature-gates=InitialCorruptCheck=true'))
})

test('patches of a folder are applied in the order of their names, by the rules of the kind', async () => {
  const host = recordingHost({
    files: {
      '/patches/kube-scheduler0.yaml':
        'spec: { containers: [{ name: kube-scheduler, env: [{ name: A, value: "1" }] }] }\n',
      '/patches/kube-scheduler1+json.json': '[{"op":"add","path":"/metadata/labels/own","value":"yes"}]',
      '/patches/etcd+merge.yaml': 'metadata: { labels: { own: no } }\n',
    },
  })
  const pod = controlPlanePods['kube-scheduler']({ cluster, endpoint, timeouts })
  const patched = await applyPatches(host, '/patches', 'kube-scheduler', pod)
  assert.equal(patched.metadata?.labels?.own, 'yes')
  assert.deepEqual(patched.spec?.containers[0]?.env, [{ name: 'A', value: '1' }])
  assert.equal(patched.spec?.containers[0]?.image, pod.spec?.containers[0]?.image)
  await assert.rejects(applyPatches(host, '/nowhere', 'etcd', {}), /\/nowhere does not exist/)
})

test('a patch for something else, or of another type, is refused by its name', async () => {
  const wrong = (name: string) => recordingHost({ files: { [`/patches/${name}`]: '{}' } })
  await assert.rejects(applyPatches(wrong('kubelet.yaml'), '/patches', 'etcd', {}), /begins with none of/)
  await assert.rejects(applyPatches(wrong('etcd+ed.yaml'), '/patches', 'etcd', {}), /"ed" is no type of patch/)
})

test('an argument is put beside the others with sed, as in a manifest of kubeadm', async () => {
  const context = { host: recordingHost() } as unknown as NodeContext
  const text = await manifestText(
    context,
    'kube-apiserver',
    controlPlanePods['kube-apiserver']({ cluster, endpoint, timeouts }),
  )
  const edited = text.replace(/^.*- kube-apiserver$/m, '$&\n    - --profiling=false')
  assert.ok(commandOf(parse(edited)).includes('--profiling=false'), text)
})
