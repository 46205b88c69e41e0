/** The commands of the page "Creating highly available clusters with kubeadm", typed as they stand there. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Machine } from './lab/machine.ts'
import { missing } from './lab/needs.ts'
import type { Running } from './lab/run.ts'
import { KubeadmCluster } from './support/kubeadm-cluster.ts'
import { carry, furnish, tryTyped, typed } from './support/typed.ts'
import { until } from './support/until.ts'

const skip = await missing('haproxy', 'etcd', 'etcdctl', 'openssl')
const name = 'lb.example.com'

/** A command of what `init` printed, over several lines, to be pasted. */
function block(text: string, after: RegExp): string {
  const found = text.slice(text.search(after)).match(/^ *(kobune join ([^\n]*\\\n)+[^\n]*)/m)
  assert.ok(found, text)
  return found[1]!
}
const controlPlaneBlock = (text: string) => block(text, /You can now join any number of the control-plane node/)
const workerBlock = (text: string) => block(text, /Then you can join any number of worker nodes/)

describe('stacked control plane nodes', { skip }, () => {
  let cluster: KubeadmCluster
  let [lb, cp1, cp2, cp3, w1] = [] as unknown as [Machine, Machine, Machine, Machine, Machine]
  let haproxy: Running | undefined
  let printed = ''
  before(async () => {
    cluster = await KubeadmCluster.bare('lb', 'cp1', 'cp2', 'cp3', 'w1')
    ;[lb, cp1, cp2, cp3, w1] = cluster.machines as [Machine, Machine, Machine, Machine, Machine]
    for (const machine of cluster.machines) await furnish(machine, { [name]: lb.address })
    const servers = [cp1, cp2, cp3].map(each => `  server ${each.name} ${each.address}:6443 check inter 500\n`).join('')
    const input = `defaults\n  mode tcp\n  timeout connect 2s\n  timeout client 10m\n  timeout server 10m
frontend api\n  bind :6443\n  default_backend api\nbackend api\n  option redispatch\n${servers}`
    await lb.ok('sh', ['-c', 'cat > /root/haproxy.cfg'], { input })
    haproxy = lb.spawn('haproxy', ['-db', '-f', '/root/haproxy.cfg'])
  })
  after(async () => {
    await haproxy?.[Symbol.asyncDispose]()
    await cluster?.[Symbol.asyncDispose]()
  })

  test('the load balancer answers, if only to refuse', async () => {
    await until(
      'something listens',
      async () => (await tryTyped(cp1, `busybox nc -w 5 ${name} 6443 < /dev/null`)).code === 0,
      { timeout: 10_000 },
    )
  })

  test('the first control plane node', async () => {
    printed = await typed(cp1, `sudo kubeadm init --control-plane-endpoint "${name}:6443" --upload-certs`)
    assert.match(printed, /Your Kubernetes control-plane has initialized successfully!/)
    assert.match(
      printed,
      /Please note that the certificate-key gives access to cluster sensitive data, keep it secret!\nAs a safeguard, uploaded-certs will be deleted in two hours/,
    )
    assert.match(
      controlPlaneBlock(printed),
      new RegExp(`^kobune join ${name}:6443 --token [a-z0-9]{6}\\.[a-z0-9]{16} `),
    )
    await using watching = cp1.spawn('kubectl', ['get', 'pod', '-n', 'kube-system', '-w'], {
      env: { KUBECONFIG: '/etc/kubernetes/admin.conf' },
    })
    for (const component of ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'])
      await watching.said(new RegExp(`^${component}-cp1 +1/1 +Running`, 'm'))
  })

  test('after two hours the uploaded certificates are gone, and are uploaded again with a new key', async () => {
    const secret = 'kubectl -n kube-system get secret kubeadm-certs'
    const owner = await typed(cp1, `${secret} -o jsonpath='{.metadata.ownerReferences[0].name}'`)
    const expires = await typed(
      cp1,
      `kubectl -n kube-system get secret ${owner} -o jsonpath='{.data.expiration}' | base64 -d`,
    )
    const left = Date.parse(expires) - Date.now()
    assert.ok(left > 110 * 60_000 && left <= 120 * 60_000, expires)
    const past = Buffer.from(new Date(Date.now() - 1000).toISOString()).toString('base64')
    await typed(cp1, `kubectl -n kube-system patch secret ${owner} -p '{"data":{"expiration":"${past}"}}'`)
    await until('they are gone', async () => /NotFound/.test((await tryTyped(cp1, secret)).stderr))

    const late = await tryTyped(cp2, controlPlaneBlock(printed))
    assert.equal(late.code, 1, late.stdout)
    assert.match(late.stderr, /kubeadm-certs.*kobune init phase upload-certs --upload-certs/s)
    const again = await typed(cp1, 'sudo kubeadm init phase upload-certs --upload-certs')
    const key = /Using certificate key:\n([0-9a-f]{64})\n/.exec(again)![1]!
    const command = controlPlaneBlock(printed).replace(/(--certificate-key )\S+/, `$1${key}`)
    assert.match(
      await typed(cp2, `sudo ${command}`),
      /This node has joined the cluster and a new control plane instance/,
    )
  })

  test('a worker', async () => {
    const said = await typed(w1, `sudo ${workerBlock(printed)}`)
    assert.match(said, /This node has joined the cluster:\n\* Certificate signing request was sent to apiserver/)
  })

  test('certificates copied by hand; those that do not belong are named', async () => {
    await typed(
      cp1,
      `USER=ubuntu # customizable
CONTROL_PLANE_IPS="${cp3.address}"
for host in \${CONTROL_PLANE_IPS}; do
    scp /etc/kubernetes/pki/ca.crt "\${USER}"@$host:
    scp /etc/kubernetes/pki/ca.key "\${USER}"@$host:
    scp /etc/kubernetes/pki/sa.key "\${USER}"@$host:
    scp /etc/kubernetes/pki/sa.pub "\${USER}"@$host:
    scp /etc/kubernetes/pki/front-proxy-ca.crt "\${USER}"@$host:
    scp /etc/kubernetes/pki/front-proxy-ca.key "\${USER}"@$host:
    scp /etc/kubernetes/pki/etcd/ca.crt "\${USER}"@$host:etcd-ca.crt
    scp /etc/kubernetes/pki/etcd/ca.key "\${USER}"@$host:etcd-ca.key
    scp /etc/kubernetes/pki/apiserver.crt "\${USER}"@$host:
    scp /etc/kubernetes/pki/apiserver.key "\${USER}"@$host:
done`,
    )
    await carry(cp1, cp3, 'ubuntu')
    await typed(
      cp3,
      `USER=ubuntu # customizable
mkdir -p /etc/kubernetes/pki/etcd
mv /home/\${USER}/ca.crt /etc/kubernetes/pki/
mv /home/\${USER}/ca.key /etc/kubernetes/pki/
mv /home/\${USER}/sa.pub /etc/kubernetes/pki/
mv /home/\${USER}/sa.key /etc/kubernetes/pki/
mv /home/\${USER}/front-proxy-ca.crt /etc/kubernetes/pki/
mv /home/\${USER}/front-proxy-ca.key /etc/kubernetes/pki/
mv /home/\${USER}/etcd-ca.crt /etc/kubernetes/pki/etcd/ca.crt
mv /home/\${USER}/etcd-ca.key /etc/kubernetes/pki/etcd/ca.key
mv /home/\${USER}/apiserver.* /etc/kubernetes/pki/`,
    )
    const join = `sudo ${controlPlaneBlock(printed).replace(/ --certificate-key \S+/, '')}`
    const wrong = await tryTyped(cp3, join)
    assert.equal(wrong.code, 1, wrong.stdout)
    assert.match(
      wrong.stderr,
      /ForeignCertificates.*pki\/apiserver\.crt is for .*cp1.*not for cp3.*copied from another machine/s,
    )
    const mend = /try: (rm \S+apiserver\.crt \S+apiserver\.key)/.exec(wrong.stderr)
    assert.ok(mend, wrong.stderr)
    await typed(cp3, `${mend[1]}\n${join}`)
    await cluster.ready(cp1, 4)
    const etcd = await typed(cp1, 'kubectl -n kube-system get pods -l component=etcd --no-headers')
    assert.equal(etcd.match(/ 1\/1 +Running/g)?.length, 3, etcd)
  })

  test('what the text of kubeadm’s beginnings shows can be seen', async () => {
    const csrs = await typed(cp1, 'kubectl get csr')
    const request = /^(csr-\S+) .*kube-apiserver-client-kubelet.*system:bootstrap:.*Approved,Issued$/m.exec(csrs)
    assert.ok(request, csrs)
    assert.match(await typed(cp1, `kubectl describe csr ${request[1]}`), /Status: +Approved,Issued/)
    const token = /--token ([a-z0-9]{6})\./.exec(printed)![1]!
    assert.match(await typed(cp1, 'kubeadm token list'), new RegExp(`^${token}\\.[a-z0-9]{16} +2[34]h `, 'm'))
    const info = await typed(cp1, 'kubectl -n kube-public describe configmap cluster-info')
    assert.match(info, new RegExp(`^jws-kubeconfig-${token}:$`, 'm'))
    assert.match(info, new RegExp(`server: "?https://${name}:6443`))
    assert.match(await typed(cp1, 'kubeadm alpha certs certificate-key'), /^[0-9a-f]{64}\n$/)
  })
})

describe('external etcd nodes', { skip }, () => {
  let cluster: KubeadmCluster
  let etcds: readonly Machine[]
  let [cp1, cp2] = [] as unknown as [Machine, Machine]
  const members: Running[] = []
  let printed = ''
  before(async () => {
    cluster = await KubeadmCluster.bare('etcd0', 'etcd1', 'etcd2', 'cp1', 'cp2')
    etcds = cluster.machines.slice(0, 3)
    ;[cp1, cp2] = cluster.machines.slice(3) as [Machine, Machine]
    for (const machine of cluster.machines) await furnish(machine, { [name]: cp1.address })
  })
  after(async () => {
    for (const member of members) await member[Symbol.asyncDispose]()
    await cluster?.[Symbol.asyncDispose]()
  })

  test('etcd gets its certificates by phases of init, and runs', async () => {
    const [first] = etcds
    await typed(first!, 'kubeadm init phase certs etcd-ca')
    for (const { address, name } of [...etcds].reverse()) {
      await typed(
        first!,
        `mkdir -p /tmp/${address}
cat << EOF > /tmp/${address}/kubeadmcfg.yaml
apiVersion: "kubeadm.k8s.io/v1beta2"
kind: InitConfiguration
nodeRegistration:
    name: ${name}
localAPIEndpoint:
    advertiseAddress: ${address}
---
apiVersion: "kubeadm.k8s.io/v1beta2"
kind: ClusterConfiguration
etcd:
    local:
        serverCertSANs:
        - "${address}"
        peerCertSANs:
        - "${address}"
EOF
kubeadm init phase certs etcd-server --config=/tmp/${address}/kubeadmcfg.yaml
kubeadm init phase certs etcd-peer --config=/tmp/${address}/kubeadmcfg.yaml
kubeadm init phase certs etcd-healthcheck-client --config=/tmp/${address}/kubeadmcfg.yaml
kubeadm init phase certs apiserver-etcd-client --config=/tmp/${address}/kubeadmcfg.yaml
mkdir -p /srv/scp/${address}
cp -R /etc/kubernetes/pki /srv/scp/${address}/`,
      )
      if (address === first!.address) continue
      await typed(
        first!,
        `# cleanup non-reusable certificates
find /etc/kubernetes/pki -not -name ca.crt -not -name ca.key -type f -delete
find /srv/scp/${address} -name ca.key -type f -delete`,
      )
      const machine = cluster.machine(name)
      await carry(first!, machine, 'ubuntu')
      await typed(machine, 'mkdir -p /etc/kubernetes; mv /home/ubuntu/pki /etc/kubernetes/')
    }
    const initial = etcds.map(({ name, address }) => `${name}=https://${address}:2380`).join(',')
    for (const machine of etcds) {
      const at = (port: number) => `https://${machine.address}:${port}`
      const pki = '/etc/kubernetes/pki/etcd'
      const trust = (kind: string) => [`--${kind}trusted-ca-file=${pki}/ca.crt`, `--${kind}client-cert-auth`]
      members.push(
        machine.spawn('etcd', [
          ...[`--name=${machine.name}`, '--data-dir=/var/lib/etcd', `--initial-cluster=${initial}`],
          ...[`--listen-client-urls=${at(2379)}`, `--advertise-client-urls=${at(2379)}`],
          ...[`--listen-peer-urls=${at(2380)}`, `--initial-advertise-peer-urls=${at(2380)}`],
          ...[`--cert-file=${pki}/server.crt`, `--key-file=${pki}/server.key`, ...trust('')],
          ...[`--peer-cert-file=${pki}/peer.crt`, `--peer-key-file=${pki}/peer.key`, ...trust('peer-')],
        ]),
      )
    }
  })

  test('the first control plane node, with a configuration file', async () => {
    const [first] = etcds
    await typed(
      first!,
      `export CONTROL_PLANE="ubuntu@${cp1.address}"
scp /etc/kubernetes/pki/etcd/ca.crt "\${CONTROL_PLANE}":
scp /etc/kubernetes/pki/apiserver-etcd-client.crt "\${CONTROL_PLANE}":
scp /etc/kubernetes/pki/apiserver-etcd-client.key "\${CONTROL_PLANE}":`,
    )
    await carry(first!, cp1, 'ubuntu')
    const key = (await typed(cp1, 'kubeadm alpha certs certificate-key')).trim()
    const endpoints = etcds.map(({ address }) => `        - https://${address}:2379`).join('\n')
    await typed(
      cp1,
      `mkdir -p /etc/kubernetes/pki/etcd
mv /home/ubuntu/ca.crt /etc/kubernetes/pki/etcd/
mv /home/ubuntu/apiserver-etcd-client.* /etc/kubernetes/pki/
cat > kubeadm-config.yaml << EOF
apiVersion: kubeadm.k8s.io/v1beta2
kind: InitConfiguration
certificateKey: ${key}
---
apiVersion: kubeadm.k8s.io/v1beta2
kind: ClusterConfiguration
kubernetesVersion: stable
controlPlaneEndpoint: "${name}:6443"
etcd:
    external:
        endpoints:
${endpoints}
        caFile: /etc/kubernetes/pki/etcd/ca.crt
        certFile: /etc/kubernetes/pki/apiserver-etcd-client.crt
        keyFile: /etc/kubernetes/pki/apiserver-etcd-client.key
EOF`,
    )
    const both = await tryTyped(cp1, `kubeadm init --config kubeadm-config.yaml --certificate-key ${key}`)
    assert.equal(both.code, 2, both.stdout)
    assert.match(both.stderr, /can not mix '--config' with arguments \[certificate-key\]/)
    printed = await typed(cp1, 'sudo kubeadm init --config kubeadm-config.yaml --upload-certs')
    assert.match(controlPlaneBlock(printed), new RegExp(`--certificate-key ${key}$`))
  })

  test('the other control plane node, while one etcd is off', async () => {
    await etcds[2]!.powerOff()
    await typed(cp2, `sudo ${controlPlaneBlock(printed)}`)
    await cluster.ready(cp1, 2)
    const all = await typed(cp2, 'kubectl -n kube-system get pods --no-headers -o custom-columns=NAME:.metadata.name')
    assert.doesNotMatch(all, /^etcd/m)
    assert.match(all, /^kube-apiserver-cp2$/m)
    const pki = '/etc/kubernetes/pki'
    const keys = await etcds[0]!.ok(
      'etcdctl',
      [
        ...[`--endpoints=https://${etcds[0]!.address}:2379`, `--cacert=${pki}/etcd/ca.crt`],
        ...[`--cert=${pki}/apiserver-etcd-client.crt`, `--key=${pki}/apiserver-etcd-client.key`],
        ...['get', '--prefix', '--keys-only', '/registry/minions/'],
      ],
      { env: { ETCDCTL_API: '3' } },
    )
    assert.match(keys, /\/registry\/minions\/cp1\n\n\/registry\/minions\/cp2/)
  })
})
