import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { accessSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { linuxHost } from '../../src/host/host.ts'

const machine = fileURLToPath(new URL('../../src/host/testdata/machine.sh', import.meta.url))
const scenario = fileURLToPath(new URL('./kubelet.scenario.ts', import.meta.url))

test('the kubelet runs real pods, tells how they are, and cleans up after them', { skip: await whyNot() }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kobune-kubelet-'))
  const name = folder.slice(folder.lastIndexOf('/') + 1)
  try {
    const { code, output } = await run(machine, [name, join(folder, 'var-lib'), process.execPath, scenario, folder])
    assert.equal(code, 0, output)
    assert.match(output, /scenario passed/)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

/** The reason to skip, or false. */
async function whyNot(): Promise<string | false> {
  if (process.getuid?.() !== 0) return 'needs root: starts containerd in namespaces of its own'
  for (const command of ['containerd', 'ctr', 'runc', 'ip', 'unshare', 'iptables', 'busybox']) {
    if (!(await linuxHost.processes.find(command))) return `needs the program ${command}`
  }
  try {
    accessSync('/usr/lib/cni/bridge')
  } catch {
    return 'needs the CNI plugins: apt-get install containernetworking-plugins'
  }
  return false
}

function run(command: string, args: readonly string[]): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    child.stdout.on('data', bytes => (output += bytes))
    child.stderr.on('data', bytes => (output += bytes))
    child.on('error', reject).on('close', code => resolve({ code, output }))
  })
}
