import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { cronJobs } from '../../src/api/batch/v1/cron-job.ts'
import { type Job, jobs } from '../../src/api/batch/v1/job.ts'
import { type Pod, pods } from '../../src/api/core/v1/pod.ts'
import { startCluster, type TestCluster } from '../../src/testing/start-cluster.ts'
import { namespace, template } from './support/objects.ts'
import { until, untilGone, untilOne } from './support/until.ts'

let cluster: TestCluster
before(async () => {
  cluster = await startCluster({ nodes: 2 })
})
after(() => cluster.stop())

const jobSpec = (spec: object = {}) => ({ template: template('job', { restartPolicy: 'Never' }), ...spec })
const make = (name: string, spec: object = {}) =>
  cluster.client.create(jobs, { metadata: { name, namespace }, spec: jobSpec(spec) } as never)
const of = (name: string) => (pod: Pod) => pod.metadata.labels?.['batch.kubernetes.io/job-name'] === name
/** Waits for that many running pods of a job. */
const running = (name: string, count: number) =>
  until(cluster.client, pods, all => {
    const mine = all.filter(p => of(name)(p) && p.status.phase === 'Running' && !p.metadata.deletionTimestamp)
    return mine.length === count && mine
  })
const end = (pod: Pod, phase: 'Succeeded' | 'Failed') =>
  cluster.client.patch(pods, pod.metadata, { status: { phase } }, { subresource: 'status' })
const holds = (type: string) => (job: Job) => job.status.conditions?.some(c => c.type === type && c.status === 'True')
const ended = (name: string, type: 'Complete' | 'Failed') => untilOne(cluster.client, jobs, name, holds(type))

test('a Job runs as many pods as it asks for, a few at a time', async () => {
  await make('count', { completions: 3, parallelism: 2 })
  const first = await running('count', 2)
  assert.ok(first.every(pod => pod.metadata.finalizers?.includes('batch.kubernetes.io/job-tracking')))
  await end(first[0]!, 'Succeeded')
  await untilOne(cluster.client, jobs, 'count', job => job.status.succeeded === 1 && job.status.active === 2)
  for (const pod of await running('count', 2)) await end(pod, 'Succeeded')
  const { status } = await ended('count', 'Complete')
  assert.deepEqual([status.succeeded, status.failed ?? 0, status.active ?? 0], [3, 0, 0])
  assert.ok(status.startTime && status.completionTime)
  assert.deepEqual(
    status.conditions?.map(c => [c.type, c.reason]),
    [
      ['SuccessCriteriaMet', 'CompletionsReached'],
      ['Complete', 'CompletionsReached'],
    ],
  )
  await until(cluster.client, pods, all => all.filter(of('count')).every(p => !p.metadata.finalizers?.length))
})

test('a Job that fails too often says so and ends its pods', async () => {
  await make('fail', { backoffLimit: 0, parallelism: 2, completions: 2 })
  const [first] = await running('fail', 2)
  await end(first!, 'Failed')
  const { status } = await ended('fail', 'Failed')
  const condition = status.conditions?.find(c => c.type === 'Failed')
  assert.deepEqual(
    [condition?.reason, condition?.message],
    ['BackoffLimitExceeded', 'Job has reached the specified backoff limit'],
  )
  assert.equal(status.active ?? 0, 0)
  await running('fail', 0)
})

test('a Job may run only so long', async () => {
  await make('deadline', { activeDeadlineSeconds: 1 })
  const { status } = await ended('deadline', 'Failed')
  assert.equal(status.conditions?.find(c => c.type === 'Failed')?.reason, 'DeadlineExceeded')
})

test('an Indexed Job runs each index once', async () => {
  await make('index', { completionMode: 'Indexed', completions: 3, parallelism: 3 })
  const all = await running('index', 3)
  const indexes = all.map(pod => pod.metadata.labels?.['batch.kubernetes.io/job-completion-index'])
  assert.deepEqual(indexes.toSorted(), ['0', '1', '2'])
  assert.ok(
    all.every(
      pod => pod.spec.hostname === `index-${pod.metadata.labels?.['batch.kubernetes.io/job-completion-index']}`,
    ),
  )
  assert.equal(all[0]!.spec.containers[0]!.env?.[0]?.name, 'JOB_COMPLETION_INDEX')
  for (const pod of all) await end(pod, 'Succeeded')
  assert.equal((await ended('index', 'Complete')).status.completedIndexes, '0-2')
})

test('a suspended Job has no pods until it is resumed', async () => {
  await make('suspend')
  await running('suspend', 1)
  await cluster.client.patch(jobs, { namespace, name: 'suspend' }, { spec: { suspend: true } })
  await running('suspend', 0)
  await untilOne(cluster.client, jobs, 'suspend', holds('Suspended'))
  await cluster.client.patch(jobs, { namespace, name: 'suspend' }, { spec: { suspend: false } })
  await end((await running('suspend', 1))[0]!, 'Succeeded')
  await ended('suspend', 'Complete')
})

test('a deleted Job takes its pods along, and one that ended goes after its time', async () => {
  await make('gone', { ttlSecondsAfterFinished: 0 })
  await make('deleted')
  await running('deleted', 1)
  await cluster.client.delete(jobs, { namespace, name: 'deleted' }, { propagationPolicy: 'Background' })
  await until(cluster.client, pods, all => !all.some(of('deleted')))
  await end((await running('gone', 1))[0]!, 'Succeeded')
  await untilGone(cluster.client, jobs, 'gone')
  await until(cluster.client, pods, all => !all.some(of('gone')))
})

test('a CronJob makes jobs by the clock, and lists those that run', async () => {
  const { client } = cluster
  const spec = { schedule: '@every 1s', concurrencyPolicy: 'Forbid', jobTemplate: { spec: jobSpec() } }
  await client.create(cronJobs, { metadata: { name: 'tick', namespace }, spec } as never)
  const { status } = await untilOne(client, cronJobs, 'tick', cron => cron.status.active?.length === 1)
  const { name } = status.active![0]!
  assert.match(name!, /^tick-\d+$/)
  await cluster.client.patch(cronJobs, { namespace, name: 'tick' }, { spec: { suspend: true } })
  await end((await running(name!, 1))[0]!, 'Succeeded')
  await untilOne(client, cronJobs, 'tick', c => !c.status.active?.length && c.status.lastSuccessfulTime)
  await client.delete(cronJobs, { namespace, name: 'tick' })
  await until(client, jobs, all => !all.some(job => job.metadata.name.startsWith('tick-')))
})
