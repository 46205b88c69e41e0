import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareVersions, parseVersion, skewProblems, targetVersion, versionOf } from './version.ts'

test('versions are ordered by Kubernetes first, then by Kobune', () => {
  const ordered = [
    'v1.35.9+kobune-9.0.0',
    'v1.36.0-alpha.1',
    'v1.36.0-rc.2',
    'v1.36.0-rc.10',
    'v1.36.0',
    'v1.36.0+kobune-0.1.0',
    'v1.36.0+kobune-0.2.0-rc.1',
    'v1.36.0+kobune-0.2.0',
    'v1.36.0+kobune-0.10.0',
    'v1.36.1+kobune-0.1.0',
    'v1.37.0',
  ]
  for (const [i, a] of ordered.entries()) {
    for (const [j, b] of ordered.entries()) {
      assert.equal(Math.sign(compareVersions(versionOf(a), versionOf(b))), Math.sign(i - j), `${a} and ${b}`)
    }
  }
  assert.equal(compareVersions(versionOf('v1.36.0+build.7'), versionOf('1.36.0')), 0)
  assert.equal(parseVersion('v1.36'), undefined)
  assert.throws(() => versionOf('latest'), /"latest" is no version such as v1\.36\.0/)
})

test('the version to go to is that of the program, however it is called', () => {
  const own = 'v1.36.0+kobune-0.2.0'
  for (const asked of [undefined, '', own, 'v1.36.0', '1.36.0', '0.2.0', 'kobune-0.2.0', 'stable', 'latest'])
    assert.equal(targetVersion(asked, own), own)
  assert.throws(() => targetVersion('v1.37.0', own), /this program is v1\.36\.0\+kobune-0\.2\.0.*for v1\.37\.0, run/)
})

const skew = (current: string, target: string, kubelets: Readonly<Record<string, string>> = {}, more: object = {}) =>
  skewProblems({
    current,
    target,
    kubelets: new Map(Object.entries(kubelets)),
    allowExperimental: false,
    allowReleaseCandidates: false,
    ...more,
  }).map(({ text }) => text)

test('one minor version up, and patches, are fine', () => {
  for (const target of ['v1.36.0+kobune-0.1.0', 'v1.36.0+kobune-0.2.0', 'v1.36.7', 'v1.37.0+kobune-1.0.0'])
    assert.deepEqual(skew('v1.36.0+kobune-0.1.0', target, { w: 'v1.34.1' }), [])
})

test('leaps, downgrades and kubelets too old or too new are told', () => {
  assert.match(skew('v1.36.0', 'v1.38.0')[0]!, /too high/)
  assert.match(skew('v1.36.0', 'v1.35.9')[0]!, /too low/)
  assert.match(skew('v1.36.0+kobune-0.2.0', 'v1.36.0+kobune-0.1.0')[0]!, /older than the cluster's/)
  assert.match(skew('v1.36.0', 'v1.37.0', { w1: 'v1.33.0' })[0]!, /kubelet of w1 is v1\.33\.0, more than 3/)
  assert.match(skew('v1.36.0', 'v1.36.1', { w1: 'v1.37.0' })[0]!, /newer than v1\.36\.1/)
})

test('unstable versions must be allowed', () => {
  assert.match(skew('v1.36.0', 'v1.37.0-rc.1')[0]!, /--allow-release-candidate-upgrades/)
  assert.match(skew('v1.36.0', 'v1.37.0-beta.1')[0]!, /--allow-experimental-upgrades/)
  assert.deepEqual(skew('v1.36.0', 'v1.37.0-rc.1', {}, { allowReleaseCandidates: true }), [])
  assert.deepEqual(skew('v1.36.0', 'v1.37.0-beta.1', {}, { allowExperimental: true }), [])
})
