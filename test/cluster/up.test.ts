import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { after, before, describe, test } from 'node:test'
import { missing } from './lab/needs.ts'
import { busybox, Cluster, kobune } from './support/cluster.ts'
import { until } from './support/until.ts'

const otherConfig = `apiVersion: v1
kind: Config
clusters: [{ name: other, cluster: { server: "https://192.0.2.1:6443" } }]
users: [{ name: other, user: { token: secret } }]
contexts: [{ name: other, context: { cluster: other, user: other } }]
current-context: other
`

describe('kobune up on a fresh machine', { skip: await missing() }, () => {
  let cluster: Cluster
  before(async () => {
    cluster = await Cluster.prepare()
  })
  after(() => cluster?.[Symbol.asyncDispose]())

  const containers = () =>
    cluster.field(['pods', '-A'], '{range .items[*]}{.status.containerStatuses[*].containerID} {end}')

  test('ends with a ready node and says what to try next', async () => {
    await cluster.write('/root/.kube/config', otherConfig)
    const { stdout, stderr } = await cluster.up()
    assert.match(stdout, /Your cluster is up .* node node1 is Ready/)
    assert.match(stdout, /kubectl get nodes -o wide/)
    assert.match(stderr, /✓ Wait for the node/)
    assert.match(
      await cluster.kubectl(['get', 'nodes', '-o', 'wide']),
      /node1 +Ready +\S* +.*172\.31\.0\.1 .*containerd:/,
    )
  })

  test('puts its context beside those that were there', async () => {
    assert.equal((await cluster.kubectl(['config', 'current-context'])).trim(), 'kobune')
    assert.equal(await cluster.kubectl(['config', 'get-contexts', '-o', 'name']), 'kobune\nother\n')
  })

  test('answers names of the cluster', async () => {
    const answer = await cluster.node.ok('busybox', ['nslookup', 'kubernetes.default.svc.cluster.local', '10.96.0.10'])
    assert.match(answer, /Address: 10\.96\.0\.1\n/)
    await cluster.kubectl(['-n', 'kube-system', 'rollout', 'status', 'deployment/coredns', '--timeout', '30s'])
  })

  test('answers a user on another machine', async () => {
    const { outside } = cluster.lab
    await writeFile(outside.file('/root/config'), await readFile(cluster.node.file('/etc/kubernetes/admin.conf')))
    assert.match(await outside.ok('kubectl', ['--kubeconfig', '/root/config', 'get', 'nodes']), /node1 +Ready/)
    const { stdout } = await outside.exec('curl', ['-sk', `https://${cluster.node.address}:6443/api/v1/nodes`])
    assert.match(stdout, /"reason": ?"(Forbidden|Unauthorized)"/)
  })

  test('done again, changes nothing and is quick', async () => {
    const were = [await cluster.processOf('server'), await cluster.processOf('agent'), await containers()]
    const began = Date.now()
    const { stdout } = await cluster.up()
    assert.ok(Date.now() - began < 5000, `took ${Date.now() - began} ms`)
    assert.match(stdout, /Your cluster is up/)
    assert.deepEqual([await cluster.processOf('server'), await cluster.processOf('agent'), await containers()], were)
  })

  test('status says that all is well, and what is wrong', async () => {
    const well = await cluster.kobune(['status'])
    assert.equal(well.code, 0, well.stdout + well.stderr)
    for (const part of ['containerd', 'server', 'agent', 'api', 'node', 'dns'])
      assert.match(well.stdout, new RegExp(`✓ +${part} `))

    await cluster.node.ok('kill', ['-9', await cluster.processOf('agent')])
    const broken = await cluster.kobune(['status', '-o', 'json'])
    assert.equal(broken.code, 1)
    const agent = (JSON.parse(broken.stdout) as { component: string }[]).find(each => each.component === 'agent')
    assert.deepEqual(agent, {
      component: 'agent',
      healthy: false,
      says: 'does not run',
      hint: 'kobune logs agent; kobune up',
    })
    await cluster.up()
    assert.equal((await cluster.kobune(['status'])).code, 0)
  })

  test('logs shows what a component says, and follows it', async () => {
    const { code, stdout } = await cluster.kobune(['logs', 'server', '-n', '3'])
    assert.equal(code, 0)
    assert.match(stdout, /"component":/)
    await using following = cluster.node.spawn(kobune, ['logs', 'agent', '-n', '0', '-f'])
    await cluster.node.ok('sh', ['-c', 'sleep 0.5; echo "a line of a test" >> /var/log/kobune/agent.log'])
    await following.said('a line of a test', 10_000)
  })

  test('down keeps the state, and up brings it back', async () => {
    await cluster.busyboxImage()
    await cluster.kubectl(['create', 'configmap', 'note', '--from-literal=kept=yes'])
    await cluster.kubectl(['create', 'deployment', 'sleeper', `--image=${busybox}`, '--', 'sleep', '1000'])
    await cluster.kubectl(['rollout', 'status', 'deployment/sleeper', '--timeout', '60s'])
    const down = await cluster.kobune(['down'])
    assert.equal(down.code, 0, down.stderr)
    await until('no process of it is left', async () => {
      const words = 'containerd|kobune (server|agent)|main.ts|sleep 1000$'
      return (await cluster.node.exec('pgrep', ['-af', words])).stdout === ''
    })
    await cluster.up()
    assert.equal(await cluster.field(['configmap', 'note'], '{.data.kept}'), 'yes')
    await cluster.kubectl(['rollout', 'status', 'deployment/sleeper', '--timeout', '60s'])
  })

  test('goes to another port when that is asked for, with everybody who has a kubeconfig', async () => {
    const { code, stderr } = await cluster.kobune(['up', '--api-port', '6444'])
    assert.equal(code, 0, stderr)
    assert.equal(await cluster.field(['configmap', 'note'], '{.data.kept}'), 'yes')
    const servers = await cluster.node.ok('sh', ['-c', 'grep -h server: /etc/kubernetes/*.conf | sort -u'])
    assert.equal(servers.trim(), `server: https://${cluster.node.address}:6444`)
    assert.equal((await cluster.kobune(['status'])).code, 0)
  })

  test('brings the cluster back after the machine lost power', async () => {
    await cluster.lab.reboot(cluster.node)
    await cluster.up()
    assert.equal(await cluster.field(['configmap', 'note'], '{.data.kept}'), 'yes')
    await until('the pod runs again', async () => {
      const restarts = await cluster.field(['pods', '-l', 'app=sleeper'], '{.items[0].status.containerStatuses[0]}')
      return /"ready":true/.test(restarts) && /"reason":"Unknown"|"restartCount":[1-9]/.test(restarts)
    })
  })
})
