import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '../../base/fake-clock.ts'
import type { Cri } from '../cri/cri.ts'
import { CriError } from '../cri/cri-error.ts'
import { credentialsFor } from './credentials.ts'
import { imageNameError } from './image-name.ts'
import { imagePuller } from './image-puller.ts'

/** An image service that knows `here`, and pulls what does not begin with `bad`. */
function service(here: string[]) {
  const pulls: string[] = []
  const cri = {
    imageStatus: async (name: string) =>
      here.includes(name) ? { id: `sha256:${name}`, size: 42, uid: null, username: 'bob' } : undefined,
    pullImage: async ({ image }: { image: string }, { auth }: { auth?: { username?: string } }) => {
      pulls.push(auth?.username ? `${image} as ${auth.username}` : image)
      if (image.startsWith('bad')) throw new CriError({ code: 'NOT_FOUND', method: 'PullImage', details: 'not found' })
      here.push(image)
      return image
    },
  } as unknown as Cri
  const clock = new FakeClock()
  const told: string[] = []
  const puller = imagePuller({ cri, clock })
  const ensure = (image: string, policy = 'IfNotPresent', more: object = {}) =>
    puller.ensure({
      image,
      policy,
      owner: 'u1',
      event: (_, reason, message) => told.push(`${reason}: ${message}`),
      credentials: async () => [],
      signal: new AbortController().signal,
      ...more,
    })
  return { ensure, pulls, told, clock }
}

test('imagePuller() pulls by policy', async () => {
  const { ensure, pulls, told } = service(['here'])
  assert.deepEqual(await ensure('here'), { ref: 'sha256:here', user: { uid: undefined, name: 'bob' } })
  assert.deepEqual(told, ['Pulled: Container image "here" already present on machine'])
  await ensure('here', 'Always')
  await ensure('new')
  assert.deepEqual(pulls, ['here', 'new'])
  assert.match(
    told.at(-1)!,
    /^Pulled: Successfully pulled image "new" in \S+ \(\S+ including waiting\)\. Image size: 42 bytes\.$/,
  )
  await assert.rejects(ensure('none', 'Never'), { reason: 'ErrImageNeverPull' })
  await assert.rejects(ensure('UPPER'), { reason: 'InvalidImageName' })
})

test('imagePuller() backs off after failures', async () => {
  const { ensure, pulls, clock } = service([])
  await assert.rejects(ensure('bad'), {
    reason: 'ErrImagePull',
    message: 'failed to pull and unpack image "bad": not found',
  })
  clock.advance(5_000)
  await assert.rejects(ensure('bad'), {
    reason: 'ImagePullBackOff',
    message: 'Back-off pulling image "bad": ErrImagePull: failed to pull and unpack image "bad": not found',
  })
  clock.advance(6_000)
  await assert.rejects(ensure('bad'), { reason: 'ErrImagePull' })
  clock.advance(11_000)
  await assert.rejects(ensure('bad'), { reason: 'ImagePullBackOff' })
  assert.equal(pulls.length, 2)
})

test('imagePuller() pulls the same image once for all, and gives up with its pod', async () => {
  const { ensure, pulls } = service([])
  await Promise.all([ensure('new'), ensure('new', 'IfNotPresent', { owner: 'u2' })])
  assert.deepEqual(pulls, ['new'])
  const credentials = async () => [{ username: 'me' }]
  await ensure('private', 'Always', { credentials })
  assert.equal(pulls.at(-1), 'private as me')
  await assert.rejects(ensure('other', 'Always', { signal: AbortSignal.abort(new Error('over')) }), { message: 'over' })
})

test('imageNameError() knows names of images', () => {
  const good = [
    'busybox',
    'busybox:1.36',
    'a/b/c',
    'localhost:5000/x:y',
    'r.example.com/a_b/c-d@sha256:'.padEnd(93, 'a'),
  ]
  for (const name of good) assert.equal(imageNameError(name), undefined, name)
  for (const name of ['', 'a b', '-x', 'x:', 'x/', 'a//b']) assert.ok(imageNameError(name), name)
  assert.match(imageNameError('Upper')!, /repository name must be lowercase$/)
})

test('credentialsFor() finds what fits an image, the most specific first', () => {
  const auth = (user: string) => ({ auth: Buffer.from(`${user}:pw`).toString('base64') })
  const auths = {
    'https://index.docker.io/v1/': auth('hub'),
    'r.example.com': auth('all'),
    'r.example.com/team': auth('team'),
    '*.cloud.test': auth('any'),
  }
  const secrets = [{ '.dockerconfigjson': JSON.stringify({ auths }) }, { '.dockerconfigjson': 'broken' }]
  const users = (image: string) => credentialsFor(image, secrets).map(a => a.username)
  assert.deepEqual(users('busybox'), ['hub'])
  assert.deepEqual(users('r.example.com/team/x:1'), ['team', 'all'])
  assert.deepEqual(users('r.example.com/teamwork/x'), ['all'])
  assert.deepEqual(users('eu.cloud.test/x'), ['any'])
  assert.deepEqual(users('elsewhere.test/x'), [])
})
