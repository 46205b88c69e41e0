import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'

const main = join(import.meta.dirname, '../main.ts')
const script = `
source <("$1" --disable-warning=ExperimentalWarning "$2" completion bash)
while IFS= read -r line; do
  IFS=' ' read -ra COMP_WORDS <<< "$line|"
  COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
  COMP_WORDS[COMP_CWORD]="\${COMP_WORDS[COMP_CWORD]%|}"
  _kobune
  echo "\${COMPREPLY[*]}"
done <<< "$3"`

test('bash completes commands, options and values, behind values and arguments too', async () => {
  const expected = {
    'kobune in': 'init',
    'kobune init --up': '--upload-certs',
    'kobune init --config x.yaml --up': '--upload-certs',
    'kobune init --layout ': 'static-pods in-process systemd',
    'kobune status -o ': 'text json yaml',
    'kobune logs kubelet --fol': '--follow',
    'kobune certs renew ap': 'apiserver apiserver-etcd-client apiserver-kubelet-client',
    'kobune config print ini': 'init-defaults',
    // Nothing is replied: the shell goes on with names of files.
    'kobune init --config ': '',
  }
  const args = ['-c', script, 'bash', process.execPath, main, Object.keys(expected).join('\n')]
  const { stdout } = await promisify(execFile)('bash', args)
  assert.deepEqual(stdout.split('\n').slice(0, -1), Object.values(expected))
})
