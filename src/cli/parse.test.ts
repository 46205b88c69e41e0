import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { test } from 'node:test'
import type { Call, Command } from './command.ts'
import { runCommandLine } from './parse.ts'

const main = new URL('./main.ts', import.meta.url).pathname
const kobune = (...args: string[]) => spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' })

test('runCommandLine() hands a command its arguments and options', async () => {
  const calls: Call[] = []
  const run = async (call: Call) => {
    calls.push(call)
    return 3
  }
  const tree: Command = {
    name: 'k',
    does: 'test',
    commands: [
      {
        name: 'pack',
        does: 'test',
        arguments: [
          { name: 'name', does: 'n' },
          { name: 'files', does: 'f', variadic: true, optional: true },
        ],
        options: [
          { flags: '--env <name>', does: 'e', many: true },
          { flags: '--no-install', does: 'i' },
          { flags: '-n, --node-name <x>', does: 'x', default: 'a' },
        ],
        run,
      },
    ],
  }
  assert.equal(
    await runCommandLine(tree, ['pack', 'one', 'two', 'three', '--env', 'a=1', '--env', 'b=2', '--no-install']),
    3,
  )
  assert.deepEqual(calls, [
    { args: ['one', ['two', 'three']], options: { env: ['a=1', 'b=2'], install: false, nodeName: 'a' } },
  ])
})

test('a line that cannot be understood says why and exits with 2', () => {
  for (const [args, says] of [
    [['up', '--pod-cdir', '10.0.0.0/16'], /unknown option '--pod-cdir'\n\(Did you mean --pod-cidr\?\)/],
    [['uo'], /unknown command 'uo'/],
    [['logs', 'proxy'], /Allowed choices are server, agent, kubelet, containerd/],
    [['image', 'build'], /missing required argument 'name'/],
  ] as const) {
    const { status, stderr } = kobune(...args)
    assert.equal(status, 2, stderr)
    assert.match(stderr, says)
    assert.doesNotMatch(stderr, /at .*\.ts:\d+/, 'no stack for a mistake')
  }
})

test('a reader that goes away ends the command without a stack', () => {
  const script = '{ sleep 0.5; "$0" "$1" init --help; echo "$?" >&2; } | true'
  assert.equal(spawnSync('sh', ['-c', script, process.execPath, main], { encoding: 'utf8' }).stderr, '141\n')
})

test('what older texts call alpha works', () => {
  assert.match(kobune('alpha', 'certs', 'certificate-key').stdout, /^[0-9a-f]{64}\n$/)
  assert.doesNotMatch(kobune('--help').stdout, /alpha/)
})

test('--help shows what a command does, with examples, and hides what is not meant to be typed', () => {
  const all = kobune('--help').stdout
  assert.match(all, /up .*Bring up a cluster on this machine/)
  assert.doesNotMatch(all, /^ {2}agent/m)
  assert.match(kobune('up', '--help').stdout, /# A cluster with this machine as its only node\n {2}kobune up/)
})

test('completion scripts are scripts that their shells read, made of the whole tree', () => {
  const script = kobune('completion', 'bash').stdout
  execFileSync('bash', ['-n'], { input: script })
  const asked = `${script}\nCOMP_WORDS=(kobune image b); COMP_CWORD=2; _kobune; echo "\${COMPREPLY[@]}"`
  assert.equal(execFileSync('bash', { input: asked, encoding: 'utf8' }).trim(), 'build')
  assert.match(kobune('completion', 'fish').stdout, /complete -c kobune -f -n __fish_use_subcommand -a '.*status/)
})
