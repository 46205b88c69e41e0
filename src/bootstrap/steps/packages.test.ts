import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recordingHost } from '../../host/recording-host.ts'
import { installPackages, missingPackages } from './packages.ts'

/** A machine with systemd on which one program after another is found once its package is installed. */
function machine(files: Readonly<Record<string, string>> = {}) {
  const host = recordingHost({ files })
  let installed = false
  const find = async (name: string) => (installed || !['etcd', 'nft'].includes(name) ? `/usr/bin/${name}` : undefined)
  return {
    ...host,
    effects: host.effects,
    processes: { ...host.processes, find },
    packages: {
      ...host.packages,
      install: async (names: readonly string[]) => {
        await host.processes.run('apt-get', names)
        installed = true
      },
    },
  }
}

test('only what is missing is installed; etcd of the package never starts by itself', async () => {
  const host = machine({ '/run/systemd/system/x': '', '/usr/lib/cni/bridge': '' })
  assert.deepEqual(await missingPackages({ host }, ['etcd-server']), ['nftables', 'etcd-server'])
  const said: string[] = []
  await installPackages({ host, install: true, say: line => said.push(line) }, () => {}, ['etcd-server'])
  const runs = host.effects.filter(({ verb }) => verb === 'run').map(({ target }) => target)
  assert.deepEqual(runs, [
    'systemctl mask etcd.service',
    'apt-get nftables etcd-server',
    'systemctl unmask etcd.service',
    'systemctl disable etcd.service',
  ])
  assert.match(said.join('\n'), /installing Debian packages: nftables etcd-server/)
})

test('without leave to install, the packages are named and nothing is done', async () => {
  const host = machine({ '/usr/lib/cni/bridge': '' })
  await assert.rejects(
    installPackages({ host, install: false, say: () => {} }, () => {}, ['etcd-server']),
    /packages are missing: nftables etcd-server/,
  )
  assert.deepEqual(host.effects, [])
})
