import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { type TarHeader, tarEnd, tarHeader, tarPadding } from './tar.ts'

/** What tar lists of an archive of these entries. */
function listed(...entries: readonly TarHeader[]): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), 'kobune-tar-'))
  try {
    const bytes = entries.flatMap(entry => {
      const size = entry.size ?? 0
      return [tarHeader(entry), Buffer.alloc(size, 'x'), tarPadding(size)]
    })
    writeFileSync(join(folder, 'x.tar'), Buffer.concat([...bytes, tarEnd]))
    const args = ['--numeric-owner', '--quoting-style=literal', '-tvf', join(folder, 'x.tar')]
    const text = execFileSync('tar', args, { encoding: 'utf8', env: { ...process.env, TZ: 'UTC', LC_ALL: 'C.UTF-8' } })
    return text
      .trim()
      .split('\n')
      .map(line => line.replace(/ +/g, ' '))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

test('tar reads files, folders and links with their modes and owners', () => {
  const lines = listed(
    { path: 'etc', type: 'directory', mode: 0o1777 },
    { path: 'etc/passwd', type: 'file', size: 700, mode: 0o644, uid: 7, gid: 65534 },
    { path: 'kobune', type: 'symlink', mode: 0o777, target: 'app/main.js' },
  )
  assert.deepEqual(lines, [
    'drwxrwxrwt 0/0 0 1970-01-01 00:00 etc/',
    '-rw-r--r-- 7/65534 700 1970-01-01 00:00 etc/passwd',
    'lrwxrwxrwx 0/0 0 1970-01-01 00:00 kobune -> app/main.js',
  ])
})

test('long paths and targets, of any letters, are read as they are', () => {
  const folder = `${'d'.repeat(90)}/${'e'.repeat(50)}`
  const paths = [`${folder}/f`, `${'g'.repeat(101)}`, `${'é'.repeat(200)}/h`, `${folder}/${'i'.repeat(100)}`]
  const target = '../'.repeat(50)
  const lines = listed(
    ...paths.map(path => ({ path, type: 'file', size: 1, mode: 0o600 }) as const),
    { path: 'far', type: 'symlink', mode: 0o777, target },
    { path: folder, type: 'directory', mode: 0o700 },
  )
  assert.deepEqual(
    lines.map(line => line.split(' ').slice(5).join(' ')),
    [...paths, `far -> ${target}`, `${folder}/`],
  )
})

test('large numbers of users are kept', () => {
  const [line] = listed({ path: 'f', type: 'file', size: 0, mode: 0o644, uid: 1_000_000_000, gid: 8 ** 7 })
  assert.equal(line, '-rw-r--r-- 1000000000/2097152 0 1970-01-01 00:00 f')
})

test('a file that is too large for the format is refused', () => {
  assert.throws(() => tarHeader({ path: 'big', type: 'file', size: 8 ** 11, mode: 0o644 }), /big has 8589934592 bytes/)
})
