import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatDuration } from './duration.ts'
import {
  accepted,
  duration,
  FlagError,
  flagsHelp,
  list,
  map,
  number,
  parseFlags,
  refused,
  text,
  toggle,
} from './flags.ts'

const flags = {
  'secure-port': number('the port', 6443),
  file: text('a file'),
  name: text('a name', 'x'),
  profiling: toggle('profiles', true),
  'leader-elect': toggle('elects'),
  grace: duration('waits', 40_000),
  keys: list('keys'),
  labels: map('labels'),
  v: accepted('number', 'levels are not used'),
  secret: refused('not made yet'),
}

test('flags are read with an equals sign or a word after, repeated, and with defaults', () => {
  const words =
    '--secure-port=7 --file a --keys=a,b --keys c --leader-elect --profiling=false --grace 1m --labels a=b=c,d= -v 2'
  const { given, ignored, said } = parseFlags(flags, words.split(' '))
  assert.deepEqual(
    [given['secure-port'], given.file, given.name, given.keys, given['leader-elect'], given.profiling, given.grace],
    [7, 'a', 'x', ['a', 'b', 'c'], true, false, 60_000],
  )
  assert.deepEqual(given.labels, { a: 'b=c', d: '' })
  assert.deepEqual(ignored, ['v'])
  assert.equal(said.has('name'), false)
})

test('what cannot be understood is said with the word that is meant', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['--secure-prot=1', /unknown flag: --secure-prot; did you mean --secure-port\?/],
    ['--constructor=1', /unknown flag: --constructor/],
    ['--secure-port=a', /--secure-port=a: it takes a number/],
    ['--secure-port=', /it takes a number/],
    ['--profiling=perhaps', /it takes true or false/],
    ['--grace=1 day', /it takes a duration/],
    ['--labels=a', /name=value/],
    ['--file', /--file needs a value/],
    ['--secret=1', /--secret cannot be used: not made yet/],
    ['word', /"word" is no flag/],
    ['-file=a', /unknown flag: -file/],
  ]
  for (const [word, message] of cases) {
    assert.throws(
      () => parseFlags(flags, [word]),
      (error: Error) => error instanceof FlagError && message.test(error.message),
      word,
    )
  }
})

test('help names every flag, its default, and what is only taken', () => {
  const help = flagsHelp(flags, formatDuration)
  assert.match(help, /--secure-port=<number>\s+the port \(default 6443\)/)
  assert.match(help, /--grace=<duration>\s+waits \(default 40s\)/)
  assert.match(help, /--v: no effect: levels are not used/)
})
