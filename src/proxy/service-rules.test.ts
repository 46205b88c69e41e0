import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { changeScript, fullScript } from './ruleset.ts'
import { serviceRules } from './service-rules.ts'
import { backends, servicePort as port } from './testdata/service-port.ts'

const options = { family: 4, podCidr: '10.244.0.0/16' } as const

const may = process.getuid?.() === 0 && spawnSync('nft', ['--version']).status === 0
const skip = may ? false : 'needs root and nft'

/** Applies scripts one after the other in a network namespace of its own and lists the table. */
function applied(...scripts: string[]): string {
  const steps = scripts.map(script => `nft -f - <<'RULES'\n${script}\nRULES\n`).join('')
  const { status, stdout, stderr } = spawnSync('unshare', ['--net', 'sh', '-ec', `${steps}nft -s list ruleset`], {
    encoding: 'utf8',
  })
  assert.equal(status, 0, stderr)
  return stdout
}

test('fullScript() is a table that nft takes, with every kind of Service', { skip }, () => {
  const listed = applied(
    fullScript(
      serviceRules(
        [
          port(),
          port({ id: 'default/sticky', affinity: 10_800, clusterIps: ['10.96.0.51'], nodePort: undefined }),
          port({ id: 'default/local', clusterIps: ['10.96.0.52'], nodePort: 30081, externalLocal: true }),
          port({
            id: 'default/none',
            clusterIps: ['10.96.0.53'],
            nodePort: 30082,
            backends: [],
            externalBackends: [],
            anywhere: false,
          }),
          port({
            id: 'default/ext',
            clusterIps: ['10.96.0.54'],
            externalIps: ['192.0.2.1', '192.0.2.2'],
            loadBalancerIps: ['192.0.2.1'],
            sourceRanges: ['192.0.2.0/24'],
          }),
          port({ id: 'kube-system/dns', protocol: 'udp', port: 53, clusterIps: ['10.96.0.10'], nodePort: undefined }),
        ],
        options,
      ),
    ),
  )
  assert.match(listed, /10\.96\.0\.50 \. tcp \. 80 : goto svc-/)
  assert.match(listed, /10\.96\.0\.53 \. tcp \. 80 : goto reject-all/)
  assert.match(listed, /dnat to 10\.244\.0\.3:8080/)
  // Only the balancer's address is guarded.
  assert.match(listed, /192\.0\.2\.1 \. tcp \. 80 : goto fw-/)
  assert.match(listed, /192\.0\.2\.2 \. tcp \. 80 : goto ext-/)
})

test('changeScript() leads to the same table as laying it anew', { skip }, () => {
  const before = serviceRules([port(), port({ id: 'default/b', clusterIps: ['10.96.0.60'], nodePort: 30090 })], options)
  const after = serviceRules(
    [
      port({ backends: backends(3, 4, 5), externalBackends: backends(3, 4, 5) }),
      port({ id: 'default/c', clusterIps: ['10.96.0.60'], nodePort: 30091, affinity: 60 }),
    ],
    options,
  )
  // What nft lists depends on the order things were made in; as a set of lines the tables are equal.
  const sorted = (listing: string) =>
    listing
      .replace(/elements = \{([^}]*)\}/g, (_, e: string) =>
        e
          .split(',')
          .map(x => x.trim())
          .sort()
          .join(),
      )
      .split('\n')
      .map(l => l.trim())
      .sort()
  assert.deepEqual(sorted(applied(fullScript(before), changeScript(before, after))), sorted(applied(fullScript(after))))
  assert.equal(changeScript(after, after), '')
})
