import assert from 'node:assert/strict'
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { parse } from 'yaml'
import { configMaps } from '../../api/core/v1/config-map.ts'
import { nodes } from '../../api/core/v1/node.ts'
import { secrets } from '../../api/core/v1/secret.ts'
import { createClient } from '../../client/client.ts'
import type { Kubeconfig } from '../../client/kubeconfig.ts'
import { MemoryApi } from '../../client/memory-api.ts'
import { recordingHost } from '../../host/recording-host.ts'
import { ensurePki, loadAuthority } from '../../pki/ensure-pki.ts'
import type { PkiFiles } from '../../pki/files.ts'
import { issue } from '../../pki/issue.ts'
import { generateKey } from '../../pki/keys.ts'
import { clientKubeconfig, ensureKubeconfigs } from '../../pki/kubeconfig.ts'
import { renewableCertificates } from '../certs/certificate-table.ts'
import { clusterInfo, clusterInfoText, readClusterInfo } from '../cluster-info.ts'
import { pkiFiles } from '../phases/certs.ts'
import { applyStep, type RotatingMachine } from './apply-step.ts'
import { blocksOf } from './authorities.ts'
import { rotateAuthorities } from './rotate.ts'
import { currentRotation, endRotation, readRotation, rotationAnnotation, rotationKey } from './state.ts'
import { type RotationName, rotationNames, stepsFor, stepText } from './steps.ts'

const dir = '/etc/kubernetes/pki'
const server = 'https://192.168.7.2:6443'
const day = 86_400_000

interface Machine extends RotatingMachine {
  /** What the kubelet shows to API servers. */
  kubelet: string
  /** Whom the member of etcd read at its start. */
  etcdTrusts: string
}

async function machine(nodeName: string, api: MemoryApi, all: Machine[]): Promise<Machine> {
  const host = recordingHost()
  const files = pkiFiles(host)
  const made: Machine = {
    host,
    files,
    dir,
    kubernetesDir: '/etc/kubernetes',
    nodeName,
    now: Date.now,
    signal: new AbortController().signal,
    admin: async () => createClient(api.client.transport),
    validity: async () => 100 * day,
    async replaceKubeletCertificates() {
      // Whatever controller manager leads may sign it.
      made.kubelet = await kubeletCertificate(all.filter(each => each.etcdTrusts !== '').at(-1)!.files)
    },
    renewTokens: async () => {},
    kubelet: '',
    etcdTrusts: '',
  }
  return made
}

async function kubeletCertificate(files: PkiFiles): Promise<string> {
  const { publicKey } = await generateKey('ECDSA-P256')
  const usages = ['digital signature', 'client auth'] as const
  const subject = { commonName: 'system:node:x', organizations: ['system:nodes'] }
  const by = await loadAuthority(dir, 'ca', files)
  return issue({ subject, publicKey, usages, notBefore: Date.now(), notAfter: Date.now() + day }, by)
}

/** Two machines of the control plane and a worker, which have the same authorities. */
async function cluster(api: MemoryApi): Promise<readonly Machine[]> {
  const all: Machine[] = []
  for (const name of ['cp1', 'cp2', 'w1']) all.push(await machine(name, api, all))
  const [first, ...others] = all as [Machine, ...Machine[]]
  const config = (nodeName: string) => ({
    nodeName,
    advertiseAddress: '192.168.7.2',
    serviceCIDR: '10.96.0.0/12',
    dnsDomain: 'cluster.local',
    algorithm: 'ECDSA-P256' as const,
  })
  await ensurePki(dir, config('cp1'), { files: first.files })
  for (const name of [
    'ca.crt',
    'ca.key',
    'etcd/ca.crt',
    'etcd/ca.key',
    'front-proxy-ca.crt',
    'front-proxy-ca.key',
    'sa.key',
    'sa.pub',
  ])
    await others[0]!.files.write(`${dir}/${name}`, (await first.files.read(`${dir}/${name}`))!, 0o600)
  await ensurePki(dir, config('cp2'), { files: others[0]!.files })
  const by = await loadAuthority(dir, 'ca', first.files)
  for (const each of [first, others[0]!]) {
    const whom = { ...config(each.nodeName), controlPlaneServer: server, localServer: server }
    await ensureKubeconfigs('/etc/kubernetes', by, whom, { files: each.files })
    each.etcdTrusts = (await each.files.read(`${dir}/etcd/ca.crt`))!
  }
  await others[1]!.files.write(`${dir}/ca.crt`, by.certificate, 0o644)
  const subject = { commonName: 'system:node:w1', organizations: ['system:nodes'] }
  const conf = await clientKubeconfig(by, subject, { server, now: Date.now(), algorithm: 'ECDSA-P256' })
  await others[1]!.files.write('/etc/kubernetes/kubelet.conf', conf, 0o600)
  for (const each of all) each.kubelet = await kubeletCertificate(first.files)
  await api.client.create(configMaps, {
    metadata: clusterInfo,
    data: { kubeconfig: clusterInfoText({ server, ca: by.certificate }) },
  })
  await api.client.create(configMaps, {
    metadata: { namespace: 'kube-system', name: 'extension-apiserver-authentication' },
    data: { 'client-ca-file': by.certificate },
  })
  for (const { nodeName } of all) await api.client.create(nodes, { metadata: { name: nodeName } })
  return all
}

const trusts = (bundle: string, certificate: string) =>
  blocksOf(bundle).some(block => new X509Certificate(certificate).verify(new X509Certificate(block).publicKey))

async function readConf(files: PkiFiles, name: string) {
  const text = await files.read(`/etc/kubernetes/${name}`)
  if (text === undefined) return undefined
  const config = parse(text) as Kubeconfig
  const data = (value: string | undefined) => Buffer.from(value ?? '', 'base64').toString()
  return {
    ca: data(config.clusters![0]!.cluster['certificate-authority-data']),
    cert: data(config.users![0]!.user['client-certificate-data']),
    key: data(config.users![0]!.user['client-key-data']),
  }
}

/** Whoever shows something, and whoever sees it: they have to agree at every moment. */
async function check(all: readonly Machine[], when: string): Promise<void> {
  const shown = { ca: [] as string[], etcd: [] as string[], frontProxy: [] as string[], serving: [] as string[] }
  const seen = { ca: [] as string[], etcd: [] as string[], frontProxy: [] as string[], serving: [] as string[] }
  const signs: string[] = []
  const verifies: string[] = []
  for (const { files, kubelet, etcdTrusts } of all) {
    const read = (name: string) => files.read(`${dir}/${name}`)
    shown.ca.push(kubelet)
    seen.ca.push((await read('ca.crt'))!)
    for (const name of [
      'admin.conf',
      'super-admin.conf',
      'kubelet.conf',
      'controller-manager.conf',
      'scheduler.conf',
    ]) {
      const conf = await readConf(files, name)
      if (!conf) continue
      seen.serving.push(conf.ca)
      assert.ok(new X509Certificate(conf.cert).checkPrivateKey(createPrivateKey(conf.key)), `${name} ${when}`)
      // The kubelet has one of its own.
      if (name !== 'kubelet.conf') shown.ca.push(conf.cert)
    }
    if (!etcdTrusts) continue
    shown.serving.push((await read('apiserver.crt'))!)
    shown.ca.push((await read('apiserver-kubelet-client.crt'))!)
    shown.frontProxy.push((await read('front-proxy-client.crt'))!)
    seen.frontProxy.push((await read('front-proxy-ca.crt'))!)
    for (const name of ['etcd/server', 'etcd/peer', 'etcd/healthcheck-client', 'apiserver-etcd-client'])
      shown.etcd.push((await read(`${name}.crt`))!)
    seen.etcd.push(etcdTrusts, (await read('etcd/ca.crt'))!)
    signs.push((await read('sa.key'))!)
    verifies.push((await read('sa.pub'))!)
  }
  for (const kind of ['ca', 'etcd', 'frontProxy', 'serving'] as const) {
    for (const [i, certificate] of shown[kind].entries())
      for (const [j, bundle] of seen[kind].entries())
        assert.ok(trusts(bundle, certificate), `${kind} ${i} by ${j} ${when}`)
  }
  const publicOf = (pem: string) => createPublicKey(pem).export({ type: 'spki', format: 'pem' })
  for (const key of signs)
    for (const bundle of verifies) assert.ok(blocksOf(bundle).map(publicOf).includes(publicOf(key)), `tokens ${when}`)
}

/** Does what agents do when the step that is wanted changes, looking at everything after each machine. */
async function rotate(which: readonly RotationName[], all: readonly Machine[], api: MemoryApi): Promise<string[]> {
  const said: string[] = []
  const copy = (await readConf(all[0]!.files, 'admin.conf'))!
  const controlPlane = all.filter(({ etcdTrusts }) => etcdTrusts !== '')
  let done = -1
  const stop = new AbortController()
  const agents = (async () => {
    while (!stop.signal.aborted) {
      const rotation = await currentRotation(api.client)
      for (; rotation && done < rotation.at; done++) {
        const step = rotation.steps[done + 1]!
        for (const each of all) {
          // Twice: an agent may end before it has said that it is done.
          for (let time = 0; time < 2; time++) await applyStep(each, rotation, done + 1)
          if (step.name === 'restart-etcd' && step.node === each.nodeName)
            each.etcdTrusts = (await each.files.read(`${dir}/etcd/ca.crt`))!
          const when = `when ${each.nodeName} has done ${stepText(step)}`
          await check(all, when)
          if (['trust', 'issue', 'nodes'].includes(step.name)) {
            for (const { files } of controlPlane) {
              assert.ok(trusts(copy.ca, (await files.read(`${dir}/apiserver.crt`))!), `a copied kubeconfig ${when}`)
              assert.ok(trusts((await files.read(`${dir}/ca.crt`))!, copy.cert), `a copied kubeconfig ${when}`)
            }
          }
          const annotations = { [rotationAnnotation]: `${rotation.id} ${done + 1}` }
          await api.client.patch(nodes, { name: each.nodeName }, { metadata: { annotations } })
        }
      }
      await new Promise(resolve => setTimeout(resolve, 5))
    }
  })()
  try {
    const leading = rotateAuthorities({
      client: api.client,
      files: all[0]!.files,
      dir,
      which,
      validity: 3650 * day,
      settle: 0,
      patience: 10_000,
      signal: stop.signal,
      say: line => void said.push(line),
      step: async (title, work) => {
        said.push(title)
        await work(() => {})
      },
    })
    await Promise.race([leading, agents])
    return said
  } finally {
    stop.abort()
    await agents
  }
}

test('while all authorities are replaced, everybody trusts what everybody shows, after each deed of each machine', async () => {
  const api = new MemoryApi()
  const all = await cluster(api)
  const texts = async (name: string) => Promise.all(all.map(({ files }) => files.read(`${dir}/${name}`)))
  const names = ['ca.crt', 'etcd/ca.crt', 'front-proxy-ca.crt', 'sa.pub']
  const before = await Promise.all(names.map(texts))
  await check(all, 'before')
  for (const each of ['cp1', 'cp2'])
    await api.client.create((await import('../../api/core/v1/pod.ts')).pods, {
      metadata: { namespace: 'kube-system', name: `etcd-${each}`, labels: { component: 'etcd' } },
      spec: { nodeName: each, containers: [{ name: 'etcd', image: 'x' }] },
    })
  const said = await rotate(rotationNames, all, api)
  const steps = ['trust', 'restart-etcd cp1', 'restart-etcd cp2', 'issue', 'nodes', 'serve', 'drop']
  assert.deepEqual(
    said.slice(1).map(line => line.split(':')[0]),
    [...steps, 'restart-etcd cp1', 'restart-etcd cp2'],
  )
  const after = await Promise.all(names.map(texts))
  for (const [i, was] of before.entries()) {
    assert.notEqual(after[i]![0], was[0])
    assert.equal(after[i]![1], after[i]![0], 'the same on both machines')
    assert.equal(blocksOf(after[i]![0]!).length, 1, 'and nothing else')
  }
  const [cp, , worker] = all
  assert.equal(await worker!.files.read(`${dir}/ca.crt`), after[0]![0])
  assert.equal(await worker!.files.read(`${dir}/sa.pub`), undefined)
  for (const { certificate } of renewableCertificates) {
    if (!certificate) continue
    const pem = await cp!.files.read(`${dir}/${certificate}.crt`)
    assert.ok(Date.parse(new X509Certificate(pem!).validTo) < Date.now() + 101 * day, certificate)
  }
  assert.equal((await cp!.host.files.list(`${dir}/rotation`)).length, 0)
  const info = await api.client.get(configMaps, clusterInfo)
  assert.equal(readClusterInfo(info.data!.kubeconfig!).ca, after[0]![0])
  const extension = { namespace: 'kube-system', name: 'extension-apiserver-authentication' }
  assert.equal(blocksOf((await api.client.get(configMaps, extension)).data!['client-ca-file']!).length, 1)
  assert.equal(await currentRotation(api.client), undefined)
  await assert.rejects(api.client.get(secrets, rotationKey))
})

test('one authority alone takes only the steps it needs', () => {
  const steps = (...which: RotationName[]) => stepsFor(which, ['a']).map(stepText).join(', ')
  assert.equal(steps('front-proxy-ca'), 'trust, issue, drop')
  assert.equal(steps('sa'), 'trust, issue, nodes, drop')
  assert.equal(steps('ca'), 'trust, issue, nodes, serve, drop')
  assert.equal(steps('etcd-ca'), 'trust, restart-etcd a, issue, drop, restart-etcd a')
})

test('a rotation that nodes do not follow says which, goes on from there, and lets no other one begin', async () => {
  const api = new MemoryApi()
  const all = await cluster(api)
  const options = {
    client: api.client,
    files: all[0]!.files,
    dir,
    validity: 3650 * day,
    settle: 0,
    patience: 0,
    signal: new AbortController().signal,
    say: () => {},
    step: (_: string, work: (note: (text: string) => void) => Promise<void>) => work(() => {}),
  }
  await assert.rejects(
    rotateAuthorities({ ...options, which: ['sa'] }),
    /not all nodes have done "trust": cp1: not yet; cp2: not yet; w1: not yet. Mend or delete/,
  )
  const rotation = (await currentRotation(api.client))!
  const problem = { metadata: { annotations: { [rotationAnnotation]: `${rotation.id} -1 the disk is full` } } }
  await api.client.patch(nodes, { name: 'w1' }, problem)
  await assert.rejects(rotateAuthorities({ ...options, which: ['sa'] }), /w1: the disk is full/)
  assert.equal((await currentRotation(api.client))!.id, rotation.id, 'it is the same one')
  await assert.rejects(
    rotateAuthorities({ ...options, which: ['ca', 'sa'] }),
    /a rotation of sa is under way, at "trust": first end it, with: kobune certs rotate-ca sa/,
  )
  await endRotation(api.client)
})

test('new keys are in the cluster for machines of the control plane only', async () => {
  const api = new MemoryApi()
  const all = await cluster(api)
  const said = rotateAuthorities({
    client: api.client,
    files: all[0]!.files,
    dir,
    which: ['ca'],
    validity: day,
    settle: 0,
    patience: 0,
    signal: new AbortController().signal,
    say: () => {},
    step: (_, work) => work(() => {}),
  })
  await assert.rejects(said, /not all nodes/)
  const map = await api.client.get(configMaps, rotationKey)
  assert.doesNotMatch(JSON.stringify(map), /PRIVATE/)
  const { data = {} } = await api.client.get(secrets, rotationKey)
  assert.deepEqual(Object.keys(data), ['ca.key'])
  assert.doesNotMatch(Buffer.from(data['ca.key']!, 'base64').toString('latin1'), /PRIVATE/)
  const stranger = all[1]!
  const other = (await generateKey('ECDSA-P256')).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  await stranger.files.write(`${dir}/sa.key`, other, 0o600)
  await assert.rejects(applyStep(stranger, readRotation(map), 0))
})

test('an authority whose key is kept elsewhere cannot be replaced here, and nothing is begun', async () => {
  const api = new MemoryApi()
  const all = await cluster(api)
  await all[0]!.files.remove(`${dir}/ca.key`)
  const options = { client: api.client, files: all[0]!.files, dir, validity: day, settle: 0, patience: 0 }
  const signal = new AbortController().signal
  await assert.rejects(
    rotateAuthorities({ ...options, which: ['ca'], signal, say: () => {}, step: async () => {} }),
    /ca.key does not exist: only who keeps the key of ca can replace it/,
  )
  assert.equal(await currentRotation(api.client), undefined)
})
