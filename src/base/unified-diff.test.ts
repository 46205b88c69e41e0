import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { unifiedDiff } from './unified-diff.ts'

const ten = Array.from({ length: 10 }, (_, i) => `line ${i + 1}`)
const text = (lines: readonly string[]) => lines.map(line => `${line}\n`).join('')
const names = { from: 'old', to: 'new' }

test('a difference is shown with the lines around it', () => {
  const changed = text(ten.with(4, 'five'))
  assert.equal(
    unifiedDiff(text(ten), changed, { ...names, context: 1 }),
    '--- old\n+++ new\n@@ -4,3 +4,3 @@\n line 4\n-line 5\n+five\n line 6',
  )
  assert.equal(unifiedDiff(text(ten), text(ten), names), '')
})

test('what is far apart is shown apart', () => {
  const changed = text(ten.with(0, 'one').with(9, 'ten'))
  assert.equal(unifiedDiff(text(ten), changed, names).match(/^@@/gm)?.length, 2)
})

test('patch makes the new text of the old one', t => {
  const folder = mkdtempSync(join(tmpdir(), 'diff-'))
  t.after(() => rmSync(folder, { recursive: true }))
  if (spawnSync('patch', ['--version']).error) return t.skip('patch is not installed')
  const cases = [
    [ten, ['new', ...ten]],
    [ten, ten.slice(0, 5)],
    [ten, []],
    [ten, ['a', 'b', ...ten.slice(2, 8), 'c']],
    [
      [...ten, ...ten, ...ten],
      [...ten, 'between', ...ten],
    ],
  ] as const
  for (const [before, after] of cases) {
    const file = join(folder, 'file')
    writeFileSync(file, text(before))
    const input = `${unifiedDiff(text(before), text(after), { from: 'file', to: 'file' })}\n`
    const { status, stdout } = spawnSync('patch', ['--batch', file], { input, encoding: 'utf8' })
    assert.equal(status, 0, stdout)
    assert.equal(after.length ? readFileSync(file, 'utf8') : '', text(after))
  }
})
