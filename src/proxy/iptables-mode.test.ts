import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { linuxHost } from '../host/host.ts'
import { chainHash } from './iptables-rules.ts'

const scenario = fileURLToPath(new URL('./iptables-mode.scenario.ts', import.meta.url))
const find = (program: string) => linuxHost.processes.find(program)

async function whyNot(form: string): Promise<string | false> {
  if (process.getuid?.() !== 0) return 'needs root: makes networks of its own'
  for (const program of ['unshare', 'ip', 'bridge', `iptables-${form}`]) {
    if (!(await find(program))) return `needs the program ${program}`
  }
  return false
}

for (const form of ['nft', 'legacy'] as const) {
  test(`mode iptables brings packets where they belong (${form})`, { skip: await whyNot(form) }, async t => {
    const folder = mkdtempSync(join(tmpdir(), 'kobune-iptables-'))
    try {
      // Named as they are called, these programs are the form they are linked to.
      for (const program of ['iptables', 'ip6tables']) {
        for (const what of ['', '-save', '-restore']) {
          const target = await find(`${program}-${form}${what}`)
          symlinkSync(target!, join(folder, program + what))
        }
      }
      const { status, stdout, stderr } = spawnSync(
        'unshare',
        ['--net', '--mount', process.execPath, '--disable-warning=ExperimentalWarning', scenario],
        { encoding: 'utf8', timeout: 60_000, env: { ...process.env, PATH: `${folder}:${process.env.PATH}` } },
      )
      assert.equal(status, 0, stdout + stderr)
      assert.match(stdout, /scenario passed/)
      t.diagnostic(stdout.trim().split('\n').slice(0, 3).join('; '))
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
}

test('chains have the names that kube-proxy gives them', () => {
  assert.equal(chainHash('default/kubernetes:httpstcp'), 'NPX46M4PTMTKRN6Y')
  assert.equal(chainHash('kube-system/kube-dns:dnsudp'), 'TCOU7JCQXEZGVUNU')
})
