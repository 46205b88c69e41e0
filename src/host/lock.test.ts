import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { takeLock } from './lock.ts'

test('a lock is one process, and ends with it even when that is killed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kobune-lock-'))
  const path = join(folder, 'lock')
  const module = new URL('./lock.ts', import.meta.url).href
  const script = `const { takeLock } = await import(${JSON.stringify(module)}); console.log(Boolean(takeLock(process.argv[1]))); setInterval(() => {}, 1000)`
  const start = async () => {
    const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script, path]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    const [answer] = await once(child.stdout, 'data')
    return { child, got: String(answer).trim() === 'true' }
  }
  const children: Awaited<ReturnType<typeof start>>[] = []
  try {
    children.push(...(await Promise.all([start(), start(), start()])))
    assert.equal(children.filter(({ got }) => got).length, 1)
    assert.equal(takeLock(path), undefined)
    for (const { child } of children) {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
    const unlock = takeLock(path)
    assert.ok(unlock, 'what is left of a killed process is no lock')
    unlock()
    assert.deepEqual(await readdir(folder), [])
  } finally {
    for (const { child } of children) child.kill('SIGKILL')
    await rm(folder, { recursive: true })
  }
})

test('a lock that cannot be taken says where', () => {
  assert.throws(() => takeLock('/nowhere/lock'), /cannot lock \/nowhere\/lock: /)
})
