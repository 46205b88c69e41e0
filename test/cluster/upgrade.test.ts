import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { version } from '../../src/base/version.ts'
import { checkout, type Machine } from './lab/machine.ts'
import { missing } from './lab/needs.ts'
import type { Finished, Running } from './lab/run.ts'
import { adminConf, KubeadmCluster, says } from './support/kubeadm-cluster.ts'
import { installVersion } from './support/other-version.ts'
import { until } from './support/until.ts'

/** The longest time without an acknowledged write, milliseconds: an API server is replaced, its clients go to the other. */
const longestGap = 3_000
const [next, broken] = ['0.2.0', '0.3.0']
const full = (own: string) => `v1.36.0+kobune-${own}`
const patience = 180_000

interface Write {
  readonly name: string
  readonly ended: number
}

describe('a cluster of two control plane machines and a worker is upgraded while it is written to', {
  skip: await missing(),
}, () => {
  let cluster: KubeadmCluster
  let one: Machine
  let two: Machine
  let worker: Machine
  let load: Running
  before(async () => {
    cluster = await KubeadmCluster.bare('cp1', 'cp2', 'w1')
    ;[one, two, worker] = cluster.machines as [Machine, Machine, Machine]
    await cluster.init(one, ['--upload-certs'])
    await Promise.all([cluster.join(two, cluster.invitation!.controlPlane), cluster.join(worker)])
    await cluster.ready(one, 3)
    const prepare = cluster.machines.map(machine => installVersion(machine, { version: next }))
    await Promise.all([...prepare, installVersion(one, { version: broken, broken: true })])
    await worker.ok('mkdir', ['-p', '/root/load'])
    await worker.ok('sh', ['-c', 'cat > /root/load/admin.conf'], { input: await one.ok('cat', [adminConf]) })
    const program = [`${checkout}/scripts/node.sh`, `${checkout}/test/cluster/support/load.ts`]
    load = worker.spawn('sh', [...program, '/root/load/admin.conf', 'w', 'https://127.0.0.1:7445', 'kubernetes'])
    await until('writes are acknowledged', async () => writes().length > 0)
  })
  after(async () => {
    await load?.[Symbol.asyncDispose]()
    await cluster?.[Symbol.asyncDispose]()
  })

  const writes = (): Write[] =>
    load
      .output()
      .split('\n')
      .flatMap(line => (/^\{"name".*\}$/.test(line) ? [JSON.parse(line) as Write] : []))

  /** The longest time without an acknowledged write since a moment, milliseconds. */
  const gapSince = (moment: number): number => {
    let [longest, last] = [0, moment]
    for (const { ended } of writes().filter(write => write.ended >= moment)) {
      longest = Math.max(longest, ended - last)
      last = ended
    }
    return Math.max(longest, Date.now() - last)
  }

  const upgrade = (
    machine: Machine,
    words: readonly string[],
    env: Readonly<Record<string, string>> = {},
    own = next,
  ): Promise<Finished> => machine.exec(`/opt/kobune-${own}/kobune`, ['upgrade', ...words], { timeout: patience, env })

  async function upgraded(machine: Machine, words: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await upgrade(machine, words)
    if (code !== 0) throw new Error(`${words.join(' ')}: ${code}\n${stdout}${stderr}\n${await says(machine)}`)
    return stdout + stderr
  }

  const imageOf = async (kind: string, name: string) =>
    (
      await cluster.kubectl(two, [
        '-n',
        'kube-system',
        'get',
        kind,
        name,
        '-o',
        'jsonpath={.spec.template.spec.containers[0].image}{.spec.containers[0].image}',
      ])
    ).replace(/.*:/, '')

  const manifests = (machine: Machine) => machine.ok('sh', ['-c', 'cat /etc/kubernetes/manifests/*'])

  test('the plan and the differences are shown', async () => {
    const { stdout } = await upgrade(one, ['plan', '-o', 'json'])
    const json = JSON.parse(stdout) as { kind: string; availableUpgrades: { components: object[] }[] }
    assert.equal(json.kind, 'UpgradePlan')
    const { components } = json.availableUpgrades[0]!
    const from = { currentVersion: full(version), newVersion: full(next) }
    for (const component of [
      { name: 'kubelet', ...from, nodeName: 'w1' },
      { name: 'kube-apiserver', ...from, nodeName: 'cp2' },
      { name: 'CoreDNS', ...from },
    ])
      assert.ok(
        components.some(each => isDeepStrictEqual(each, component)),
        stdout,
      )
    assert.equal(components.length, 3 + 2 * 3 + 2 + 2)
    const differences = await upgraded(one, ['diff', '--context-lines', '0'])
    assert.match(differences, /^--- \/etc\/kubernetes\/manifests\/kube-scheduler\.yaml$/m)
    assert.match(differences, new RegExp(`^\\+ +image: kobune\\.io/kobune:${escaped(next)}$`, 'm'))
    assert.doesNotMatch(differences, /etcd\.yaml/)
  })

  test('what must be upgraded first is told', async () => {
    const { code, stderr } = await upgrade(worker, ['node'])
    assert.equal(code, 1)
    assert.match(stderr, /the cluster is at .*, older than this program.*kobune upgrade apply/)
  })

  test('a dry run tells all of it and changes nothing', async () => {
    const before = await manifests(one)
    const told = await upgraded(one, ['apply', '--dry-run'])
    assert.match(told, /\[dryrun\] Wrote \/etc\/kubernetes\/manifests\/kube-apiserver\.yaml to /)
    assert.equal(await manifests(one), before)
    assert.equal(await imageOf('pod', 'kube-apiserver-cp1'), version)
  })

  test('a version that does not start is taken back, with what it said', async t => {
    const before = await manifests(one)
    await one.ok('sh', ['-c', 'cat > /root/upgrade.yaml'], { input: shortPatience })
    const began = Date.now()
    const { code, stderr } = await upgrade(one, ['apply', '--yes', '--config', '/root/upgrade.yaml'], {}, broken)
    assert.equal(code, 1, stderr)
    assert.match(stderr, /this release does not start/)
    assert.match(stderr, /The old manifests are back in place/)
    assert.equal(await manifests(one), before)
    await until('the old API server serves', async () => (await imageOf('pod', 'kube-apiserver-cp1')) === version)
    const gap = gapSince(began)
    t.diagnostic(`${((Date.now() - began) / 1000).toFixed(1)} s; longest time without a write ${gap} ms`)
    assert.ok(gap < longestGap, `${gap} ms without a write`)
    assert.match(
      await one.ok('sh', ['-c', 'ls /etc/kubernetes/tmp']),
      /kubeadm-backup-etcd-.*kubeadm-backup-manifests-/s,
    )
  })

  test('the first machine is upgraded, though it is killed half-way', async t => {
    const began = Date.now()
    const killed = await upgrade(one, ['apply', '--yes'], {
      KOBUNE_TEST_STOP_BEFORE: 'control-plane/controller-manager',
    })
    assert.equal(killed.code, null, killed.stderr)
    const said = await upgraded(one, ['apply', '--yes'])
    assert.match(
      said,
      new RegExp(`SUCCESS! A control plane node of your cluster was upgraded to "${escaped(full(next))}"`),
    )
    assert.match(said, /Skipping upgrade of addons/)
    const gap = gapSince(began)
    t.diagnostic(`${((Date.now() - began) / 1000).toFixed(1)} s; longest time without a write ${gap} ms`)
    assert.ok(gap < longestGap, `${gap} ms without a write`)
    assert.equal(await imageOf('daemonset', 'kube-proxy'), version)
  })

  test('the other machines follow, one after the other, killed half-way or not', async t => {
    const stops = [
      [two, 'control-plane/finish'],
      [worker, 'post-upgrade/kubelet'],
    ] as const
    for (const [machine, before] of stops) {
      const began = Date.now()
      assert.equal((await upgrade(machine, ['node'], { KOBUNE_TEST_STOP_BEFORE: before })).code, null)
      await upgraded(machine, ['node'])
      const gap = gapSince(began)
      t.diagnostic(
        `${machine.name}: ${((Date.now() - began) / 1000).toFixed(1)} s; longest time without a write ${gap} ms`,
      )
      assert.ok(gap < longestGap, `${gap} ms without a write`)
    }
    await until('all nodes tell the new version', async () => {
      const text = await cluster.kubectl(one, [
        'get',
        'nodes',
        '-o',
        'jsonpath={.items[*].status.nodeInfo.kubeletVersion}',
      ])
      return text === [full(next), full(next), full(next)].join(' ')
    })
  })

  test('addons come last, and nothing that was acknowledged is lost', async () => {
    await upgraded(one, ['apply', '--yes'])
    assert.equal(await imageOf('daemonset', 'kube-proxy'), next)
    assert.equal(await imageOf('deployment', 'coredns'), next)
    await cluster.kubectl(one, ['-n', 'kube-system', 'rollout', 'status', 'daemonset/kube-proxy', '--timeout', '60s'], {
      timeout: 70_000,
    })
    assert.match(await upgraded(one, ['plan']), /Awesome, you're up-to-date! Enjoy!/)
    load.child.stdin?.end()
    await load.ended
    const there = new Set(
      (await cluster.kubectl(one, ['get', 'configmaps', '-o', 'jsonpath={.items[*].metadata.name}'])).split(' '),
    )
    const lost = writes().filter(({ name }) => !there.has(name))
    assert.deepEqual(lost, [])
    await cluster.ready(one, 3)
  })
})

const escaped = (text: string) => text.replace(/[.+]/g, '\\$&')

const shortPatience = `apiVersion: kubeadm.k8s.io/v1beta4
kind: UpgradeConfiguration
timeouts: { upgradeManifests: 20s }
`
