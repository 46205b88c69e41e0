import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { delay } from '../../src/base/clock.ts'
import { initPhases } from '../../src/bootstrap/init.ts'
import { joinPhases } from '../../src/bootstrap/join.ts'
import type { Phase } from '../../src/bootstrap/phases/phase.ts'
import { resetPhases } from '../../src/bootstrap/reset.ts'
import type { Machine } from './lab/machine.ts'
import { missing } from './lab/needs.ts'
import type { Finished } from './lab/run.ts'
import { kobune } from './support/cluster.ts'
import { KubeadmCluster } from './support/kubeadm-cluster.ts'
import { assertSame, type Snapshot, snapshot } from './support/snapshot.ts'
import { until } from './support/until.ts'

/** Phases that have something to do by themselves, in their order. */
function working<Context>(phases: readonly Phase<Context>[], under = ''): string[] {
  return phases.flatMap(phase => [
    ...(phase.run ? [under + phase.name] : []),
    ...working(phase.phases ?? [], `${under}${phase.name}/`),
  ])
}

/** Without work here: programs are there, machines of the lab have no systemd, and the control plane is made of pods. */
const idle = ['runtime/packages', 'cleanup-node/units', 'control-plane-processes', 'control-plane-start']
/** Of the control plane alone. */
const ofControlPlane = /^(control-plane|etcd|wait-control-plane)/

const killed = ({ code }: Finished) => code === null || code === 137

describe('a command that is killed goes on when it is given again', { skip: await missing('etcdctl') }, () => {
  let cluster: KubeadmCluster
  const untouched = new Map<Machine, Snapshot>()
  let [one, two, three, worker] = [] as unknown as [Machine, Machine, Machine, Machine]
  before(async () => {
    cluster = await KubeadmCluster.bare('cp1', 'cp2', 'cp3', 'w1')
    ;[one, two, three, worker] = cluster.machines as [Machine, Machine, Machine, Machine]
    for (const machine of cluster.machines) {
      await machine.ok('mkdir', ['/root/.cache'])
      untouched.set(machine, await snapshot(machine))
    }
  })
  after(() => cluster?.[Symbol.asyncDispose]())

  /** Kills the command before each of the phases in turn: each run goes on from where the one before was killed. */
  async function killBefore(on: Machine, args: readonly string[], phases: readonly string[]): Promise<void> {
    // Who is killed leaves no compiled code behind: one run that ends by itself makes all others start faster.
    await cluster.ok(on, [...args, '--dry-run'])
    const kubernetes = '/etc/kubernetes'
    await on.ok('sh', ['-c', `rm -rf ${kubernetes}/tmp; rmdir --ignore-fail-on-non-empty ${kubernetes}`])
    for (const phase of phases) {
      const finished = await cluster.kobune(on, args, { env: { KOBUNE_TEST_STOP_BEFORE: phase } })
      assert.ok(killed(finished), `before ${phase}: ${finished.code} ${finished.stdout}${finished.stderr}`)
    }
  }

  /** Kills the command at three moments of chance; tells when, for who wants to see the same again. */
  async function killAtAnyMoment(on: Machine, args: readonly string[]): Promise<readonly string[]> {
    const moments: string[] = []
    for (let i = 0; i < 3; i++) {
      const moment = Math.round(300 + Math.random() * 4_000)
      moments.push(`${moment} ms`)
      await using running = on.spawn(kobune, args)
      await Promise.race([delay(moment), running.ended])
    }
    return moments
  }

  test('two at once: the second says who runs, and does nothing; a killed one keeps nobody out', async () => {
    await using running = one.spawn(kobune, ['init', '--upload-certs'])
    const holder = await until('init has begun', async () => {
      const text = await one.exec('cat', ['/run/kobune-command.json'])
      return text.code === 0 && (JSON.parse(text.stdout) as { pid: number; since: string })
    })
    for (const words of [
      ['init', '--upload-certs'],
      ['reset', '--force'],
      ['upgrade', 'apply', '--yes'],
      ['certs', 'renew', 'all'],
      ['certs', 'rotate-ca', 'all'],
      ['config', 'endpoint', 'set', 'api.example.com:6443'],
    ]) {
      const { code, stdout, stderr } = await cluster.kobune(one, words)
      assert.equal(code, 75, `${words.join(' ')}: ${stdout}${stderr}`)
      const who = `another command is changing this machine: kobune init, process ${holder.pid}, since ${holder.since}; nothing was done`
      assert.ok(stderr.includes(who), stderr)
    }
    await one.ok('kill', ['-9', String(holder.pid)])
    await running.ended
    assert.equal((await cluster.kobune(one, ['certs', 'renew', 'all', '--config', '/none'])).code, 1)
  })

  test('init, before every phase', async t => {
    const phases = working(initPhases).filter(path => !idle.includes(path))
    const args = ['init', '--upload-certs']
    await killBefore(one, args, phases)
    const [init, ...others] = args
    const other = await cluster.kobune(one, [init!, ...others, '--service-cidr', '10.97.0.0/16'])
    assert.equal(other.code, 1)
    assert.match(other.stderr, /was begun on this machine, for other settings.*kobune reset/s)
    await cluster.init(one, others)
    await cluster.ready(one, 1)
    t.diagnostic(`killed before ${phases.length} phases`)
    const again = await cluster.kobune(one, args)
    assert.equal(again.code, 1)
    assert.match(again.stderr, /is the node cp1 of a cluster already.*kobune reset/s)
  })

  test('join of a worker and of a control plane machine, before every phase', async t => {
    const all = working(joinPhases).filter(path => !idle.includes(path))
    const { worker: asWorker, controlPlane } = cluster.invitation!
    const few = all.filter(path => !ofControlPlane.test(path))
    await Promise.all([killBefore(worker, asWorker, few), killBefore(two, controlPlane, all)])
    const other = await cluster.kobune(worker, controlPlane)
    assert.equal(other.code, 1)
    assert.match(other.stderr, /was begun on this machine, for other settings.*kobune reset/s)
    await Promise.all([cluster.join(worker, asWorker), cluster.join(two, controlPlane)])
    await cluster.ready(one, 3)
    t.diagnostic(`killed before ${few.length} and ${all.length} phases`)
  })
  const members = async () => {
    const pki = '/etc/kubernetes/pki/etcd'
    const tls = [
      `--cacert=${pki}/ca.crt`,
      `--cert=${pki}/healthcheck-client.crt`,
      `--key=${pki}/healthcheck-client.key`,
    ]
    const text = await one.ok('etcdctl', ['--endpoints=https://127.0.0.1:2379', ...tls, 'member', 'list'], {
      env: { ETCDCTL_API: '3' },
    })
    return text.trim().split('\n')
  }

  test('join of a control plane machine, at any moment and while etcd takes it in', async t => {
    const { controlPlane } = cluster.invitation!
    const moments = await killAtAnyMoment(three, controlPlane)
    {
      await using running = three.spawn(kobune, controlPlane)
      const learns = async () => (await members()).some(line => line.endsWith(', true'))
      const seen = await Promise.race([
        until('etcd takes cp3 in', learns, { every: 20 }).catch(() => false),
        running.ended.then(() => false),
      ])
      t.diagnostic(
        `killed after ${moments.join(', ')}, and ${seen ? 'as a learner' : 'not as a learner: it was too fast'}`,
      )
    }
    await cluster.join(three, controlPlane)
    await cluster.ready(one, 4)
    const all = await members()
    assert.equal(all.length, 3, all.join('\n'))
    assert.ok(
      all.every(line => / started, .*false$/.test(line)),
      all.join('\n'),
    )
  })

  const reset = async (machine: Machine) => {
    await cluster.ok(machine, ['reset', '--force'])
    await assertSame(machine, untouched.get(machine)!)
  }

  test('reset of one of three control plane machines, before every phase', async () => {
    await killBefore(
      three,
      ['reset', '--force'],
      working(resetPhases).filter(path => !idle.includes(path)),
    )
    await reset(three)
    await cluster.ready(one, 3)
    assert.equal((await members()).length, 2)
  })

  test('reset of a worker, of one that joined by half, and of the last machine leaves nothing', async () => {
    await reset(worker)
    await cluster.ready(one, 2)
    await killBefore(worker, cluster.invitation!.worker, ['kubelet-wait-bootstrap'])
    await reset(worker)
    await cluster.join(worker)
    await reset(two)
    await cluster.ready(one, 2)
    assert.equal((await members()).length, 1)
    await reset(worker)
    await reset(one)
  })

  test('init, at any moment', async t => {
    const moments = await killAtAnyMoment(one, ['init'])
    t.diagnostic(`killed after ${moments.join(', ')}`)
    const { code, stderr } = await cluster.kobune(one, ['init'])
    // The last one may have come too late to kill it.
    if (code !== 0) assert.match(stderr, /is the node cp1 of a cluster already/)
    await cluster.ready(one, 1)
  })
})
