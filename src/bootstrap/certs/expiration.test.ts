import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PkiConfig } from '../../pki/certificates.ts'
import { ensurePki, loadAuthority } from '../../pki/ensure-pki.ts'
import { MemoryFiles } from '../../pki/files.ts'
import { ensureKubeconfigs } from '../../pki/kubeconfig.ts'
import { expirationObject, expirationTables, readExpirations, readKubeletExpirations } from './expiration.ts'
import { foreignFileText, wrongLeafFiles } from './foreign-files.ts'

const made = Date.parse('2026-12-30T23:36:10Z')
const folders = { dir: '/k/pki', kubernetesDir: '/k' }
const config: PkiConfig = {
  nodeName: 'n1',
  advertiseAddress: '192.168.7.2',
  serviceCIDR: '10.96.0.0/12',
  dnsDomain: 'cluster.local',
}

async function machine(): Promise<MemoryFiles> {
  const files = new MemoryFiles()
  await ensurePki('/k/pki', config, { files, now: made })
  const by = await loadAuthority('/k/pki', 'ca', files)
  const server = 'https://192.168.7.2:6443'
  const whom = { nodeName: 'n1', controlPlaneServer: server, localServer: server }
  await ensureKubeconfigs('/k', by, whom, { files, now: made })
  return files
}

test('both tables are those of kubeadm, column by column', async () => {
  const files = await machine()
  assert.equal(
    expirationTables(await readExpirations(folders, { files }), made + 86_400_000).replace(/ +$/gm, ''),
    `\
CERTIFICATE                EXPIRES                  RESIDUAL TIME   CERTIFICATE AUTHORITY   EXTERNALLY MANAGED
admin.conf                 Dec 30, 2027 23:36 UTC   364d            ca                      no
apiserver                  Dec 30, 2027 23:36 UTC   364d            ca                      no
apiserver-etcd-client      Dec 30, 2027 23:36 UTC   364d            etcd-ca                 no
apiserver-kubelet-client   Dec 30, 2027 23:36 UTC   364d            ca                      no
controller-manager.conf    Dec 30, 2027 23:36 UTC   364d            ca                      no
etcd-healthcheck-client    Dec 30, 2027 23:36 UTC   364d            etcd-ca                 no
etcd-peer                  Dec 30, 2027 23:36 UTC   364d            etcd-ca                 no
etcd-server                Dec 30, 2027 23:36 UTC   364d            etcd-ca                 no
front-proxy-client         Dec 30, 2027 23:36 UTC   364d            front-proxy-ca          no
scheduler.conf             Dec 30, 2027 23:36 UTC   364d            ca                      no
super-admin.conf           Dec 30, 2027 23:36 UTC   364d            ca                      no

CERTIFICATE AUTHORITY   EXPIRES                  RESIDUAL TIME   EXTERNALLY MANAGED
ca                      Dec 27, 2036 23:36 UTC   9y              no
etcd-ca                 Dec 27, 2036 23:36 UTC   9y              no
front-proxy-ca          Dec 27, 2036 23:36 UTC   9y              no`,
  )
})

test('what is missing, expired or managed elsewhere is shown so', async () => {
  const files = await machine()
  for (const path of ['super-admin.conf', 'pki/front-proxy-client.crt', 'pki/ca.key']) files.files.delete(`/k/${path}`)
  const found = await readExpirations(folders, { files, etcd: false })
  const text = expirationTables(found, made + 366 * 86_400_000)
  assert.equal(
    text.replace(/ +$/gm, ''),
    `\
CERTIFICATE                    EXPIRES                  RESIDUAL TIME   CERTIFICATE AUTHORITY   EXTERNALLY MANAGED
admin.conf                     Dec 30, 2027 23:36 UTC   <invalid>       ca                      yes
apiserver                      Dec 30, 2027 23:36 UTC   <invalid>       ca                      yes
apiserver-kubelet-client       Dec 30, 2027 23:36 UTC   <invalid>       ca                      yes
controller-manager.conf        Dec 30, 2027 23:36 UTC   <invalid>       ca                      yes
!MISSING! front-proxy-client
scheduler.conf                 Dec 30, 2027 23:36 UTC   <invalid>       ca                      yes
!MISSING! super-admin.conf

CERTIFICATE AUTHORITY   EXPIRES                  RESIDUAL TIME   EXTERNALLY MANAGED
ca                      Dec 27, 2036 23:36 UTC   8y              yes
front-proxy-ca          Dec 27, 2036 23:36 UTC   8y              no`,
  )
  const object = expirationObject(found, made) as { certificates: object[]; certificateAuthorities: object[] }
  assert.deepEqual(object.certificates.slice(-3), [
    {
      name: 'front-proxy-client',
      expirationDate: null,
      residualTime: 0,
      externallyManaged: false,
      caName: 'front-proxy-ca',
      missing: true,
    },
    {
      name: 'scheduler.conf',
      expirationDate: '2027-12-30T23:36:10Z',
      residualTime: 31_536_000,
      externallyManaged: true,
      caName: 'ca',
    },
    {
      name: 'super-admin.conf',
      expirationDate: null,
      residualTime: 0,
      externallyManaged: true,
      caName: 'ca',
      missing: true,
    },
  ])
  assert.deepEqual(object.certificateAuthorities[1], {
    name: 'front-proxy-ca',
    expirationDate: '2036-12-27T23:36:10Z',
    residualTime: 315_360_000,
    externallyManaged: false,
  })
})

test('a machine without an etcd of its own has no rows of it', async () => {
  const files = await machine()
  for (const path of [...files.files.keys()]) if (path.includes('etcd')) files.files.delete(path)
  const { certificates, authorities } = await readExpirations(folders, { files })
  assert.equal(certificates.length, 7)
  assert.deepEqual(
    authorities.map(({ name }) => name),
    ['ca', 'front-proxy-ca'],
  )
})

test('certificates copied from another machine are found, and the text says what to do', async () => {
  const files = await machine()
  assert.deepEqual(await wrongLeafFiles('/k/pki', config, files), [])
  const wrong = await wrongLeafFiles('/k/pki', { nodeName: 'n2', advertiseAddress: '192.168.7.3' }, files)
  assert.deepEqual(
    wrong.map(({ path }) => path),
    ['/k/pki/apiserver', '/k/pki/etcd/server', '/k/pki/etcd/peer'],
  )
  assert.equal(
    foreignFileText(wrong[0]!),
    '/k/pki/apiserver.crt is for n1, 10.96.0.1, 192.168.7.2, not for n2 and 192.168.7.3: it was copied from another ' +
      'machine. Remove /k/pki/apiserver.crt and /k/pki/apiserver.key; a new pair is made. Only the authorities and ' +
      'sa.key, sa.pub are to be copied',
  )
  files.files.clear()
  assert.deepEqual(await wrongLeafFiles('/k/pki', config, files), [])
})

test('the certificates of the kubelet have a table of their own, behind the others', async () => {
  const files = await machine()
  const pem = (name: string) => files.files.get(`/k/pki/${name}`)!
  files.files.set('/kubelet/kubelet-client-current.pem', pem('apiserver-kubelet-client.crt'))
  files.files.set('/kubelet/kubelet.crt', pem('ca.crt'))
  const kubelet = await readKubeletExpirations('/kubelet', files)
  const found = { certificates: [], authorities: [], kubelet }
  assert.equal(
    expirationTables(found, made).split('\n\n')[2]!.replace(/ +$/gm, ''),
    `\
KUBELET CERTIFICATE   EXPIRES                  RESIDUAL TIME   ISSUER
kubelet-client        Dec 30, 2027 23:36 UTC   1y              kubernetes
kubelet-serving       Dec 27, 2036 23:36 UTC   10y             kubernetes`,
  )
  const [client] = (expirationObject(found, made) as { kubeletCertificates: { caName: string }[] }).kubeletCertificates
  assert.equal(client!.caName, 'kubernetes')
  assert.deepEqual(await readKubeletExpirations('/nowhere', files), [])
})
