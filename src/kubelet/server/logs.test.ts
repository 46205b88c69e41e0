import assert from 'node:assert/strict'
import { appendFile, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { logFileLines, tailOffset } from './log-file.ts'
import { parseLogLine, shownLine } from './log-lines.ts'

async function inFile(text: string, work: (file: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'kobune-logs-'))
  const file = join(folder, '0.log')
  try {
    await writeFile(file, text)
    await work(file)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

test('parseLogLine() reads the lines of the runtime', () => {
  const line = parseLogLine(Buffer.from('2026-11-21T01:20:31.165271001Z stdout F hello world'))!
  assert.equal(shownLine(line, false).toString(), 'hello world\n')
  assert.equal(shownLine(line, true).toString(), '2026-11-21T01:20:31.165271001Z hello world\n')
  const part = parseLogLine(Buffer.from('2026-11-21T01:20:31Z stderr P half'))!
  assert.deepEqual([part.stream, shownLine(part, false).toString()], ['stderr', 'half'])
  assert.equal(parseLogLine(Buffer.from('nonsense')), undefined)
})

test('tailOffset() finds where the last lines begin', () =>
  inFile('one\ntwo\nthree\n', async file => {
    assert.deepEqual(await Promise.all([1, 2, 3, 9].map(n => tailOffset(file, n))), [8, 4, 0, 0])
  }))

test('logFileLines() follows the file over a rotation, to the end of its writer', () =>
  inFile('a\n', async file => {
    const stop = new AbortController()
    let alive = true
    const seen: string[] = []
    for await (const line of logFileLines(file, 0, { signal: stop.signal, alive: () => alive })) {
      seen.push(line.toString())
      if (line.toString() === 'a') await appendFile(file, 'b\n')
      if (line.toString() === 'b') {
        await rename(file, `${file}.old`)
        await writeFile(file, 'c\nd')
      }
      if (line.toString() === 'c') {
        await appendFile(file, '\n')
        alive = false
      }
    }
    assert.deepEqual(seen, ['a', 'b', 'c', 'd'])
  }))
