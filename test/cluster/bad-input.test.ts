import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { missing } from './lab/needs.ts'
import type { Finished, RunOptions } from './lab/run.ts'
import { Cluster, kobune } from './support/cluster.ts'
import { differences, type Snapshot, snapshot } from './support/snapshot.ts'

describe('kobune up on a machine that is not ready', { skip: await missing() }, () => {
  let cluster: Cluster
  let untouched: Snapshot
  before(async () => {
    cluster = await Cluster.prepare()
    await cluster.node.ok('mkdir', ['/root/.cache'])
    untouched = await snapshot(cluster.node)
  })
  beforeEach(async () => {
    await cluster.kobune(['down', '--purge', '--yes'])
  })
  after(() => cluster?.[Symbol.asyncDispose]())

  /** Runs kobune, which must fail with this code and say this, without a stack. */
  async function refused(
    args: readonly string[],
    code: number,
    says: RegExp,
    options: RunOptions = {},
  ): Promise<Finished> {
    const finished = await cluster.kobune(args, options)
    const all = finished.stdout + finished.stderr
    assert.equal(finished.code, code, all)
    assert.match(all, says)
    assert.doesNotMatch(all, /^ +at .*:\d+:\d+/m)
    return finished
  }
  async function nothingChanged(): Promise<void> {
    await cluster.node.ok('rm', ['-rf', '/root/.cache/kobune'])
    assert.deepEqual(differences(untouched, await snapshot(cluster.node)), [])
  }

  test('names a wrong flag, command or value, with exit code 2', async () => {
    await refused(['up', '--prot', '1'], 2, /unknown option '--prot'[\s\S]*--help/)
    await refused(['upp'], 2, /unknown command 'upp'[\s\S]*up/)
    await refused(['up', 'there'], 2, /too many arguments/)
    await refused(['up', '--api-port', '99999'], 2, /--api-port: 99999 is not between 1 and 65535/)
    await refused(['up', '--pod-cidr', 'ten'], 2, /--pod-cidr: "ten" is no network such as 10\.244\.0\.0\/16/)
    await refused(['up', '--pod-cidr', '10.96.0.0/16'], 2, /--pod-cidr and --service-cidr overlap/)
    await refused(['up', '--timeout', 'soon'], 2, /--timeout: soon is no duration/)
    await refused(['logs', 'nobody'], 2, /nobody.*is invalid[\s\S]*server, agent, kubelet, containerd/)
    await refused(['image', 'import', '/nowhere.tar'], 1, /no cluster runs on this machine|does not exist/)
    await nothingChanged()
  })

  test('refuses a taken port, and names who to ask', async () => {
    const listen = "require('net').createServer().listen(6443, () => console.log('listening'))"
    {
      await using listener = cluster.node.spawn(process.execPath, ['-e', listen])
      await listener.said('listening')
      await refused(['up'], 1, /nothing was changed[\s\S]*\[Port-6443\] port 6443 is in use[\s\S]*ss -ltnp/)
    }
    await nothingChanged()
  })

  test('needs root, and says so', async () => {
    const nobody = ['--reuid=65534', '--regid=65534', '--clear-groups', 'env', 'HOME=/tmp/nobody', kobune]
    for (const command of [['up'], ['down'], ['down', '--purge', '--yes']]) {
      const { code, stderr } = await cluster.node.exec('setpriv', [...nobody, ...command])
      assert.equal(code, 1, stderr)
      assert.match(stderr, /needs root\n +try: sudo \.\/kobune (up|down)/)
    }
    await cluster.node.ok('rm', ['-rf', '/tmp/nobody'])
    await nothingChanged()
  })

  test('--no-install names the missing packages, and installs nothing', async () => {
    // A machine without containerd: this one's, with the program covered.
    const program = (await cluster.node.ok('which', ['containerd'])).trim()
    await cluster.node.ok('mount', ['--bind', '/dev/null', program])
    const { stderr } = await refused(['up', '--no-install'], 1, /Debian packages are missing: containerd/)
    assert.match(stderr, /kobune down --purge takes everything back/)
    await cluster.node.ok('umount', [program])
    await cluster.kobune(['down', '--purge', '--yes'])
    await nothingChanged()
  })

  test('does not touch a kubeconfig it cannot read', async () => {
    await cluster.write('/root/.kube/config', 'clusters: [ {{{\n')
    const why =
      /nothing was changed[\s\S]*\/root\/\.kube\/config is no kubeconfig that can be read; mend it, or set KUBECONFIG/
    await refused(['up'], 1, why)
    assert.equal(await cluster.node.ok('cat', ['/root/.kube/config']), 'clusters: [ {{{\n')
    await cluster.node.ok('rm', ['-r', '/root/.kube'])
    await nothingChanged()
  })

  test('leaves another cluster of the machine alone', async () => {
    await cluster.write('/etc/kubernetes/admin.conf', 'theirs')
    await refused(['up'], 1, /admin\.conf belongs to another cluster[\s\S]*kubeadm reset/)
    assert.equal(await cluster.node.ok('cat', ['/etc/kubernetes/admin.conf']), 'theirs')
    await cluster.node.ok('rm', ['-r', '/etc/kubernetes'])
  })

  test('refuses settings that cannot change any more', async () => {
    await cluster.up()
    await refused(
      ['up', '--pod-cidr', '10.50.0.0/16'],
      2,
      /podCidr is 10\.244\.0\.0\/16 in this cluster and cannot change/,
    )
    assert.equal((await cluster.kobune(['status'])).code, 0)
  })

  test('says that the disk is full, keeps serving what it has, and goes on when there is room', async () => {
    await cluster.node.ok('mkdir', ['-p', '/var/lib/kobune/server'])
    await cluster.node.ok('mount', ['-t', 'tmpfs', '-o', 'size=12m', 'tmpfs', '/var/lib/kobune/server'])
    try {
      await cluster.up()
      await cluster.kubectl(['create', 'configmap', 'before'])
      await cluster.node.exec('sh', ['-c', 'dd if=/dev/zero of=/var/lib/kobune/server/ballast bs=64k; true'])
      const failed = await fill()
      assert.match(failed.stderr, /disk|full|space/i)
      assert.match(await cluster.kubectl(['get', 'configmap', 'before']), /before/)
      await cluster.node.ok('rm', ['/var/lib/kobune/server/ballast'])
      await cluster.up()
      await cluster.kubectl(['create', 'configmap', 'afterwards'])
      assert.match(await cluster.kubectl(['get', 'configmap', 'before']), /before/)
    } finally {
      await cluster.kobune(['down', '--purge', '--yes'])
      await cluster.node.exec('umount', ['-l', '/var/lib/kobune/server'])
    }
  })

  /** Creates objects until the server takes no more. */
  async function fill(): Promise<Finished> {
    await cluster.node.ok('sh', ['-c', 'head -c 400000 /dev/zero | tr "\\0" x > /root/big'])
    for (let i = 0; i < 60; i++) {
      const finished = await cluster.tryKubectl(['create', 'configmap', `big${i}`, '--from-file=/root/big'])
      if (finished.code !== 0) return finished
    }
    throw new Error('60 objects of 400 kB found room on a full disk')
  }

  test('kubectl and a wrong kubeconfig: what is wrong is said', async () => {
    await cluster.up()
    const config = await cluster.node.ok('cat', ['/etc/kubernetes/admin.conf'])
    await cluster.write(
      '/root/other',
      config.replace(/client-(certificate|key)-data: .*/g, '').replace(/user: *\n/, 'user: {}\n'),
    )
    const stranger = await cluster.tryKubectl(['--kubeconfig', '/root/other', 'get', 'nodes', '--token', 'wrong'])
    assert.notEqual(stranger.code, 0)
    assert.match(stranger.stderr, /Unauthorized|must be logged in/)
    await cluster.write('/etc/kubernetes/admin.conf', 'clusters: [ {{{\n')
    await refused(['status'], 1, /admin\.conf/)
  })
})
