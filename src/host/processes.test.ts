import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { linuxProcesses as processes } from './processes.ts'

test('run() gives output, takes input and an environment', async () => {
  const lines: string[] = []
  const script = 'cat; echo $WORD >&2; echo last'
  const options = { input: 'in\n', env: { WORD: 'err' }, onLine: (line: string) => lines.push(line) }
  const result = await processes.run('sh', ['-c', script], options)
  assert.deepEqual({ ...result, lines }, { code: 0, stdout: 'in\nlast\n', stderr: 'err\n', lines: ['in', 'last'] })
})

test('run() says which command failed and how', async () => {
  const failing = processes.run('sh', ['-c', 'echo bad luck >&2; exit 3'])
  await assert.rejects(failing, { name: 'HostError', code: 'exit', message: /exit code 3: bad luck$/ })
  assert.equal((await processes.run('sh', ['-c', 'exit 3'], { okCodes: [3] })).code, 3)
  await assert.rejects(processes.run('no-such-program', []), { code: 'ENOENT', message: /is not installed/ })
  await assert.rejects(processes.run('sleep', ['60'], { timeout: 20 }), { code: 'timeout' })
  await assert.rejects(processes.run('sleep', ['60'], { signal: AbortSignal.abort() }), { code: 'cancelled' })
  await assert.rejects(processes.run('yes', [], { most: 1000 }), { code: 'overflow' })
})

test('daemon() is found by its pid file, stopped once, and never mistaken', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kobune-daemon-'))
  try {
    const pidFile = join(folder, 'pid')
    const id = await processes.daemon({ command: 'sleep', args: ['60'], pidFile, logFile: join(folder, 'log') })
    assert.deepEqual(await processes.running(pidFile), id)
    assert.equal(await processes.alive({ ...id, startTime: id.startTime - 1 }), false)
    assert.equal(await processes.signal({ ...id, startTime: id.startTime - 1 }, 'SIGKILL'), false)
    await processes.stop(id)
    assert.equal(await processes.running(pidFile), undefined)
    await processes.stop(id)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
