import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { kubernetesVersion } from '../../base/version.ts'

const main = fileURLToPath(new URL('../main.ts', import.meta.url))
const said = (...args: string[]) => execFileSync(process.execPath, [main, 'version', ...args], { encoding: 'utf8' })

test('the version is told in the forms that scripts cut it out of', () => {
  const { gitVersion, minor } = kubernetesVersion
  assert.equal(said('-o', 'short'), `${gitVersion}\n`)
  assert.equal(JSON.parse(said('-o', 'json')).clientVersion.gitVersion, gitVersion)
  assert.equal(parse(said('-o', 'yaml')).clientVersion.minor, minor)
  assert.equal(/^kubeadm version: .*GitVersion:"([^"]+)"/.exec(said())?.[1], gitVersion)
})
