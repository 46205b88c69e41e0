import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type RecordingHost, recordingHost } from '../../host/recording-host.ts'
import { defaultCluster, timeoutDefaults } from '../config/defaults.ts'
import { exampleFacts } from '../config/facts.ts'
import { controlPlanePods } from '../manifests/control-plane.ts'
import type { StaticPodName } from '../manifests/static-pod.ts'
import { manifestFile, manifestText } from '../phases/manifests.ts'
import type { ControlPlaneUpgrade } from './context.ts'
import { readUpgradeJournal, writeUpgradeJournal } from './journal.ts'
import type { LookAtPod } from './pod-state.ts'
import { backUp, hasChanges, replaceStaticPod } from './replace.ts'

const [old, target] = ['v1.36.0+kobune-0.1.0', 'v1.36.0+kobune-0.2.0']
const cluster = defaultCluster(exampleFacts, { kubernetesVersion: target })
const components = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'] as const

/** A machine with the static pods of the old version; `look` says how each manifest does. */
async function machine(look: LookAtPod) {
  const said: string[] = []
  const snapshots: string[] = []
  const host = recordingHost({ files: { '/etc/kubernetes/pki/ca.key': 'key' } })
  const context = {
    host,
    node: { name: 'cp1', criSocket: 'unix:///nowhere.sock', imagePullPolicy: 'IfNotPresent' },
    endpoint: { advertiseAddress: '10.0.0.1', bindPort: 6443 },
    timeouts: { ...timeoutDefaults, upgradeManifests: '300ms' },
    settings: { certificateRenewal: false, etcdUpgrade: false },
    dryRun: false,
    target,
    signal: new AbortController().signal,
    say: (line: string) => said.push(line),
    cluster: async () => cluster,
    stored: async () => ({ ...cluster, kubernetesVersion: old }),
    look,
    snapshot: async (file: string) => snapshots.push(file),
  } as unknown as ControlPlaneUpgrade
  const before = {
    cluster: { ...cluster, kubernetesVersion: old },
    endpoint: context.endpoint,
    timeouts: context.timeouts,
  }
  for (const name of components) {
    await host.files.write(manifestFile(name), await manifestText(context, name, controlPlanePods[name](before)))
  }
  return { host, context, said, snapshots }
}

const image = async (host: RecordingHost, name: StaticPodName) =>
  /image: \S+:(\S+)/.exec(await host.files.read(manifestFile(name)))![1]
const images = async (host: RecordingHost) => Promise.all(components.map(name => image(host, name)))
const well: LookAtPod = async () => ({})
/** The new version of one component never gets healthy. */
const badly =
  (which: StaticPodName): LookAtPod =>
  async (_, name, manifest) =>
    name === which && manifest.includes(':0.2.0') ? { lacks: 'it ended', hopeless: true } : {}

test('each static pod is replaced when the one before is well; manifests and etcd are kept first', async () => {
  const looks: string[] = []
  const { host, context, snapshots, said } = await machine(async (_, name, manifest) => {
    looks.push(`${name} ${/kobune:(\S+)/.exec(manifest)![1]}`)
    return looks.length === 1 ? { lacks: 'is starting' } : {}
  })
  assert.ok(await hasChanges(context))
  for (const name of components) await replaceStaticPod(context, name)
  assert.deepEqual(await images(host), ['0.2.0', '0.2.0', '0.2.0'])
  assert.deepEqual(looks, [
    'kube-apiserver 0.2.0',
    'kube-apiserver 0.2.0',
    'kube-controller-manager 0.2.0',
    'kube-scheduler 0.2.0',
  ])
  assert.equal(snapshots.length, 1)
  const { manifests } = (await readUpgradeJournal(host))!
  assert.match(manifests, /^\/etc\/kubernetes\/tmp\/kubeadm-backup-manifests-\d{4}(-\d\d){5}$/)
  assert.match(await host.files.read(`${manifests}/kube-scheduler.yaml`), /kobune:0\.1\.0/)
  assert.ok(said.includes('[upgrade/staticpods] Component "kube-scheduler" upgraded successfully!'))
})

test('manifests that are the same are left alone', async () => {
  const { host, context, said, snapshots } = await machine(well)
  for (const name of components)
    await host.files.write(manifestFile(name), (await host.files.read(manifestFile(name))).replace(':0.1.0', ':0.2.0'))
  assert.equal(await hasChanges(context), false)
  await replaceStaticPod({ ...context, look: () => assert.fail('nobody looks') }, 'kube-scheduler')
  assert.deepEqual(said, [
    '[upgrade/staticpods] Current and new manifests of kube-scheduler are equal, skipping upgrade',
  ])
  assert.deepEqual(snapshots, [])
})

test('when one does not get well, all go back', async () => {
  const { host, context } = await machine(badly('kube-controller-manager'))
  await replaceStaticPod(context, 'kube-apiserver')
  await assert.rejects(
    replaceStaticPod(context, 'kube-controller-manager'),
    /kube-controller-manager it ended.*The old manifests are back in place/s,
  )
  assert.deepEqual(await images(host), ['0.1.0', '0.1.0', '0.1.0'])
  assert.equal(await readUpgradeJournal(host), undefined)
})

test('one that takes longer than upgradeManifests is given up', async () => {
  const { host, context } = await machine(async (_, _name, manifest) =>
    manifest.includes(':0.2.0') ? { lacks: 'is not well: etcd' } : {},
  )
  await assert.rejects(replaceStaticPod(context, 'kube-apiserver'), /is not well: etcd/)
  assert.equal(await image(host, 'kube-apiserver'), '0.1.0')
})

test('an upgrade that was cut off goes on, and what it keeps stays what was before it', async () => {
  const { host, context, snapshots } = await machine(well)
  const waits = Promise.withResolvers<void>()
  const forEver = new Promise<never>(() => {})
  void replaceStaticPod(
    {
      ...context,
      look: () => {
        waits.resolve()
        return forEver
      },
    },
    'kube-apiserver',
  )
  await waits.promise
  const left = (await readUpgradeJournal(host))!
  assert.deepEqual(left.replaced, ['kube-apiserver'])
  for (const name of components) await replaceStaticPod(context, name)
  assert.deepEqual(await images(host), ['0.2.0', '0.2.0', '0.2.0'])
  assert.match(await host.files.read(`${left.manifests}/kube-apiserver.yaml`), /kobune:0\.1\.0/)
  assert.equal(snapshots.length, 1)
})

test('one that was cut off while it went back ends going back, and begins anew', async () => {
  const { host, context, snapshots } = await machine(well)
  const journal = await backUp(context)
  const text = (await host.files.read(manifestFile('kube-apiserver'))).replace(':0.1.0', ':0.2.0')
  await host.files.write(manifestFile('kube-apiserver'), text)
  await writeUpgradeJournal(host, { ...journal, replaced: ['kube-apiserver'], returning: true })
  const looked: string[] = []
  await backUp({
    ...context,
    look: async (_, name, manifest) => {
      looked.push(`${name} ${/kobune:(\S+)/.exec(manifest)![1]}`)
      return {}
    },
  })
  assert.deepEqual(looked, ['kube-apiserver 0.1.0'])
  assert.equal(await image(host, 'kube-apiserver'), '0.1.0')
  assert.deepEqual((await readUpgradeJournal(host))!.replaced, [])
  assert.equal(snapshots.length, 2)
})
