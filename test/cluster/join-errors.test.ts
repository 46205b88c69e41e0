import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { clockFile, clockMissing, moveClock } from './lab/clock.ts'
import { checkout, type Machine } from './lab/machine.ts'
import { missing } from './lab/needs.ts'
import type { RunOptions } from './lab/run.ts'
import { KubeadmCluster } from './support/kubeadm-cluster.ts'
import { assertSame, type Snapshot, snapshot } from './support/snapshot.ts'
import { until } from './support/until.ts'

/** How soon who typed a command hears what is wrong, milliseconds. */
const longest = 15_000
const lacking = (await missing('openssl')) || clockMissing()

describe('a join that cannot work says why, soon, and changes nothing', { skip: lacking }, () => {
  let cluster: KubeadmCluster
  let cp: Machine
  let machine: Machine
  let untouched: Snapshot
  let initTook: number
  /** The words of a good join, by their flags. */
  let token: string
  let pin: string
  let key: string
  let endpoint: string
  before(async () => {
    cluster = await KubeadmCluster.bare('cp1', 'new')
    ;[cp, machine] = cluster.machines as [Machine, Machine]
    await machine.ok('mkdir', ['/root/.cache'])
    untouched = await snapshot(machine)
    const began = Date.now()
    await cluster.init(cp, ['--upload-certs'])
    initTook = Date.now() - began
    const words = cluster.invitation!.controlPlane
    const after = (flag: string) => words[words.indexOf(flag) + 1]!
    endpoint = words[1]!
    token = after('--token')
    pin = after('--discovery-token-ca-cert-hash')
    key = after('--certificate-key')
  })
  after(() => cluster?.[Symbol.asyncDispose]())

  interface Given {
    readonly endpoint?: string
    readonly token?: string
    readonly pin?: string
    readonly more?: readonly string[]
    readonly options?: RunOptions
  }
  /** Tells a join's message; it must come soon and without a stack. */
  async function refusal(given: Given, tell: (text: string) => void): Promise<string> {
    const began = Date.now()
    const pinned = ['--discovery-token-ca-cert-hash', given.pin ?? pin]
    const args = ['join', given.endpoint ?? endpoint, '--token', given.token ?? token, ...pinned, ...(given.more ?? [])]
    const { code, stdout, stderr } = await cluster.kobune(machine, args, given.options)
    const took = Date.now() - began
    tell(`${took} ms: ${stderr.trim()}`)
    assert.equal(code, 1, stdout + stderr)
    assert.ok(took < longest, `${took} ms`)
    assert.doesNotMatch(stderr, /\n\s+at .*:\d+/, 'no stack')
    return stderr
  }
  const other = (hex: string) => hex.replace(/^./, first => (first === '0' ? '1' : '0'))
  const controlPlane = (certificateKey = key) => ['--control-plane', '--certificate-key', certificateKey]

  test('wrong secret of a token', async t => {
    const [id] = token.split('.')
    assert.match(
      await refusal({ token: `${id}.0123456789abcdef` }, text => t.diagnostic(text)),
      /is not signed with this token: its secret is wrong.*kobune token list/,
    )
  })

  test('token that has expired', async t => {
    const expired = (await cluster.ok(cp, ['token', 'create', '--ttl', '1s'])).trim()
    await until('it has ended', async () => !(await cluster.ok(cp, ['token', 'list'])).includes(expired))
    assert.match(
      await refusal({ token: expired }, text => t.diagnostic(text)),
      new RegExp(`knows no token ${expired.split('.')[0]}: it has expired.*kobune token create --print-join-command`),
    )
  })

  test('cluster-info that was changed on the way, or comes from somebody else', async t => {
    const info = await cluster.kubectl(cp, ['get', '--raw', '/api/v1/namespaces/kube-public/configmaps/cluster-info'])
    const { outside } = cluster.lab
    await outside.ok('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
      ...['-keyout', '/root/key', '-out', '/root/crt', '-subj', '/CN=kube-apiserver'],
      ...['-addext', `subjectAltName=IP:${outside.address}`],
    ])
    const answers = { changed: info.replaceAll(cp.address, '172.31.0.66'), replayed: info }
    const says = { changed: /somebody changed cluster-info on the way/, replayed: /somebody is in between/ }
    for (const how of ['changed', 'replayed'] as const) {
      await outside.ok('sh', ['-c', 'cat > /root/info'], { input: answers[how] })
      const script = [`${checkout}/scripts/node.sh`, `${checkout}/test/cluster/support/impostor.ts`]
      const server = [outside.address, '6443', '/root/crt', '/root/key', '/root/info']
      await using impostor = outside.spawn('sh', [...script, ...server])
      await impostor.said('listening')
      assert.match(await refusal({ endpoint: `${outside.address}:6443` }, text => t.diagnostic(text)), says[how])
    }
  })

  test('wrong pin of the authority', async t => {
    const wrong = `sha256:${other(pin.replace('sha256:', ''))}`
    assert.match(
      await refusal({ pin: wrong }, text => t.diagnostic(text)),
      new RegExp(`the authority of .* has the pin ${pin}, and ${wrong} was expected.*this is not your cluster`),
    )
  })

  test('wrong certificate key, and none', async t => {
    assert.match(await refusal({ more: controlPlane(other(key)) }, text => t.diagnostic(text)), /certificate key/)
    assert.match(
      await refusal({ more: ['--control-plane'] }, text => t.diagnostic(text)),
      /files of the control plane are missing here: .*ca\.key.*kobune init phase upload-certs --upload-certs/,
    )
  })

  test('clock off by a day, either way', async t => {
    for (const [offset, says] of [
      ['+1d', /clock is 24 hours ahead of/],
      ['-1d', /clock is 24 hours behind/],
    ] as const) {
      const options = { env: await moveClock(machine, offset) }
      assert.match(await refusal({ options }, text => t.diagnostic(text)), says)
    }
  })

  test('name that another machine has', async t => {
    assert.match(
      await refusal({ more: ['--node-name', 'cp1'] }, text => t.diagnostic(text)),
      /\[ERROR NodeName\]: a Node with name "cp1" and status "Ready" already exists in the cluster/,
    )
  })

  test('port that another program has', async t => {
    await using other = machine.spawn('busybox', ['nc', '-ll', '-p', '10250', '-e', 'cat'])
    assert.match(
      await refusal({}, text => t.diagnostic(text)),
      /\[ERROR Port-10250\]: port 10250 is in use by another program/,
    )
    assert.equal(other.child.exitCode, null)
  })

  test('address of no network card, and of one that the others cannot reach', async t => {
    const advertise = (address: string) => [...controlPlane(), '--apiserver-advertise-address', address]
    assert.match(
      await refusal({ more: advertise('172.31.9.9') }, text => t.diagnostic(text)),
      new RegExp(
        `\\[ERROR AdvertiseAddress\\]: 172\\.31\\.9\\.9 is no address of this machine, which has .*${machine.address}`,
      ),
    )
    const second = await cluster.lab.card(machine)
    untouched = { ...untouched, ...(await snapshotOfCards()) }
    assert.match(
      await refusal({ more: advertise(second) }, text => t.diagnostic(text)),
      new RegExp(`\\[ERROR AdvertiseAddress\\]: .*${second}.*${machine.address}`),
    )
  })
  /** What plugging in a card changes by itself. */
  async function snapshotOfCards(): Promise<Snapshot> {
    const { interfaces, addresses, routes, sysctls } = await snapshot(machine)
    return { interfaces: interfaces!, addresses: addresses!, routes: routes!, sysctls: sysctls! }
  }

  test('endpoint that refuses, that is silent, and that is no API server', async t => {
    assert.match(
      await refusal({ endpoint: `${cp.address}:1` }, text => t.diagnostic(text)),
      /nothing listens at 172\.31\.0\.1:1: is the API server up, and the port right\?/,
    )
    await cluster.lab.outside.ok('ip', ['route', 'add', 'blackhole', '192.0.2.0/24'])
    assert.match(
      await refusal({ endpoint: '192.0.2.1:6443' }, text => t.diagnostic(text)),
      /192\.0\.2\.1:6443 does not answer: is the address right, the machine on, and no firewall in between\?/,
    )
    await cluster.lab.cut([machine], [cp])
    assert.match(await refusal({}, text => t.diagnostic(text)), /172\.31\.0\.1:6443.*is the address right/)
    await cluster.lab.heal()
    await using web = cluster.lab.outside.spawn('busybox', ['nc', '-ll', '-p', '7000', '-e', 'echo', 'hello'])
    assert.match(
      await refusal({ endpoint: `${cluster.lab.outside.address}:7000` }, text => t.diagnostic(text)),
      /172\.31\.0\.254:7000/,
    )
    assert.equal(web.child.exitCode, null)
  })

  test('after all of these the machine is as it was, and joins when all is right', async t => {
    await machine.ok('rm', [clockFile])
    await assertSame(machine, untouched)
    const began = Date.now()
    await cluster.join(machine)
    await cluster.ready(cp, 2)
    const all = initTook + Date.now() - began
    t.diagnostic(`one control plane machine and one worker, from bare to Ready: ${(all / 1000).toFixed(1)} s`)
  })
})
