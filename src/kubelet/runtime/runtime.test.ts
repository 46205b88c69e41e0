import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { recordingHost } from '../../host/recording-host.ts'
import { taskIds } from '../cri/events.ts'
import { cniConflist, filterBridged, gatewayOf, setUpCni } from './cni.ts'
import { containerdVersion } from './containerd.ts'
import { containerdConfig } from './containerd-config.ts'
import { startedByNode } from './oci/own-image.ts'
import { packImage } from './oci/pack.ts'
import { pauseProgram } from './oci/pause.ts'

const options = {
  root: '/var/lib/x',
  state: '/run/x',
  socket: '/run/x/sock',
  sandboxImage: 'pause:1',
  cniBinDirs: ['/opt/cni/bin', '/usr/lib/cni'],
  cniConfDir: '/etc/cni/net.d',
  runc: '/usr/sbin/runc',
  restrictOomScoreAdj: true,
}

test('containerdConfig() speaks the dialect of each version', () => {
  const old = containerdConfig(options, { major: 1, minor: 7, text: '1.7.24' })
  assert.match(old, /^version = 2$/m)
  assert.match(
    old,
    /\[plugins\."io\.containerd\.grpc\.v1\.cri"\]\nsandbox_image = "pause:1"\nrestrict_oom_score_adj = true/,
  )
  assert.match(old, /^bin_dir = "\/opt\/cni\/bin"$/m)
  const current = containerdConfig(options, { major: 2, minor: 1, text: '2.1.9' })
  assert.match(current, /^version = 3$/m)
  assert.match(current, /\[plugins\."io\.containerd\.cri\.v1\.images"\.pinned_images\]\nsandbox = "pause:1"/)
  assert.match(current, /^bin_dirs = \["\/opt\/cni\/bin","\/usr\/lib\/cni"\]$/m)
})

test('containerdVersion() reads both vendors’ ways, and refuses old ones', async () => {
  const says = (text: string) =>
    recordingHost({ answers: { containerd: `containerd github.com/containerd/containerd ${text}` } })
  assert.equal((await containerdVersion(says('1.6.20~ds1 1.6.20~ds1-1'))).minor, 6)
  assert.equal((await containerdVersion(says('v2.1.4 75cb2b7'))).major, 2)
  await assert.rejects(containerdVersion(says('v1.5.9 abc')), /too old: 1\.6 or newer/)
})

test('setUpCni() pins the bridge’s address and writes the conflist once', async () => {
  const host = recordingHost()
  const cni = { podCidrs: ['10.244.3.0/24', 'fd00:3::/64'], mtu: 1450 }
  await setUpCni(host, cni)
  const commands = host.effects.filter(e => e.verb === 'run').map(e => e.target)
  assert.equal(commands[0], 'ip link add cni0 address 0a:58:0a:f4:03:01 type bridge')
  assert.ok(commands.includes('ip address replace 10.244.3.1/24 dev cni0'))
  assert.ok(commands.includes('ip address replace fd00:3::1/64 dev cni0 nodad'))
  const { plugins } = JSON.parse(cniConflist(cni))
  assert.deepEqual(plugins[0].ipam.ranges, [[{ subnet: '10.244.3.0/24' }], [{ subnet: 'fd00:3::/64' }]])
  const writes = () => host.effects.filter(e => e.verb === 'write').length
  const before = writes()
  await setUpCni(host, cni)
  assert.equal(writes(), before)
  assert.equal(gatewayOf('192.168.4.128/25').cidr, '192.168.4.129/25')
})

test('rules see what passes between pods of one bridge, once the module for it is loaded', async () => {
  const host = recordingHost()
  await filterBridged(host)
  assert.deepEqual(
    host.effects.map(({ verb, target, detail }) => [verb, target, detail].join(' ').trim()),
    [
      'run modprobe br_netfilter',
      'set net.bridge.bridge-nf-call-iptables 1',
      'set net.bridge.bridge-nf-call-ip6tables 1',
    ],
  )
  const there = recordingHost({ files: { '/sys/module/br_netfilter/refcnt': '0' } })
  await filterBridged(there)
  assert.ok(!there.effects.some(({ verb }) => verb === 'run'))
})

test('packImage() writes a layout tar that is the same every time', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kobune-pack-'))
  try {
    const long = `usr/${'folder/'.repeat(20)}file`
    const pack = (out: string) =>
      packImage({
        name: 'example.com/x:1',
        out: join(folder, out),
        below: [{ type: 'directory', path: 'tmp', mode: 0o1777 }],
        entries: [
          { type: 'file', path: 'pause', mode: 0o755, content: pauseProgram('amd64') },
          { type: 'symlink', path: 'link', target: 'pause' },
          { type: 'file', path: long, content: 'ä' },
        ],
        config: { Entrypoint: ['/pause'] },
      })
    const [first, second] = [await pack('a.tar'), await pack('b.tar')]
    assert.deepEqual(first, second)
    assert.ok(readFileSync(join(folder, 'a.tar')).equals(readFileSync(join(folder, 'b.tar'))))
    const listing = execFileSync('tar', ['tf', join(folder, 'a.tar')])
      .toString()
      .trim()
      .split('\n')
    assert.deepEqual([listing[0], listing.at(-1)], ['oci-layout', 'index.json'])
    const index = JSON.parse(execFileSync('tar', ['xOf', join(folder, 'a.tar'), 'index.json']).toString())
    assert.equal(index.manifests[0].annotations['io.containerd.image.name'], 'example.com/x:1')
    assert.equal(index.manifests[0].digest, first.digest)
    const blob = (digest: string) =>
      execFileSync('tar', ['xOf', join(folder, 'a.tar'), `blobs/sha256/${digest.slice('sha256:'.length)}`])
    const digests = JSON.parse(blob(first.digest).toString()).layers.map((layer: { digest: string }) => layer.digest)
    const files = digests.map((digest: string) => {
      assert.equal(`sha256:${createHash('sha256').update(blob(digest)).digest('hex')}`, digest)
      return execFileSync('tar', ['tf', '-'], { input: blob(digest) }).toString()
    })
    assert.deepEqual(files, ['tmp/\n', `pause\nlink\n${long}\n`])
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

test('the program in our own image names its interpreter, also when it is made of a published bundle', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kobune-app-'))
  try {
    for (const first of ['', '#!/usr/bin/env node\n']) {
      await writeFile(join(folder, 'main.js'), `${first}import './chunk.js'\n`)
      const entry = await startedByNode(folder)
      assert.deepEqual(entry, {
        type: 'file',
        path: 'app/main.js',
        mode: 0o755,
        content: "#!/node\nimport './chunk.js'\n",
      })
    }
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('packImage() leaves nothing behind when an entry cannot be read', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kobune-pack-'))
  try {
    const entries = [{ type: 'file', path: 'x', content: { file: '/nothing' } }] as const
    await assert.rejects(packImage({ name: 'x:1', out: join(folder, 'x.tar'), entries, config: {} }), /ENOENT/)
    assert.deepEqual(readdirSync(folder), [])
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('pauseProgram() is 204 bytes of ELF, and says so where there is none', () => {
  assert.equal(pauseProgram('amd64').length, 204)
  assert.throws(() => pauseProgram('arm64'), /no pause program for arm64/)
})

test('taskIds() tells a container’s exit from that of a command in it', () => {
  const field = (n: number, text: string) =>
    Buffer.concat([Buffer.from([(n << 3) | 2, text.length]), Buffer.from(text)])
  const exit = Buffer.concat([field(1, 'c1'), field(2, 'e1'), Buffer.from([0x18, 5])])
  assert.deepEqual(taskIds(exit), { containerId: 'c1', processId: 'e1' })
  assert.deepEqual(taskIds(field(1, 'c1')), { containerId: 'c1', processId: '' })
})
