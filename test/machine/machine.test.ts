/**
 * Kobune on virtual machines with real Debian: systemd, control groups of version 2, modules, AppArmor. Not part of
 * `npm test`: it takes an hour for each suite, and needs QEMU. KOBUNE_VM_SUITES=trixie chooses one.
 */
import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Machine } from '../cluster/lab/machine.ts'
import { checkout } from '../cluster/lab/machine.ts'
import { differences, snapshot } from '../cluster/support/snapshot.ts'
import { until } from '../cluster/support/until.ts'
import { disk, programDisk, type Suite, suites } from './disk.ts'
import { missing, removeMachines, stateFolder, VirtualMachine } from './machine.ts'
import { checkPods, checkServices, kobune, kubectl, startPods } from './pods.ts'

const asked = (process.env.KOBUNE_VM_SUITES ?? suites.join(' ')).split(/[\s,]+/) as Suite[]
const skip = (await missing()) ?? false
const slowly = { timeout: 900_000, every: 5_000 }
const patient = ['--timeout', '1500s']

for (const suite of asked) {
  test(`Debian ${suite}`, { skip }, async t => {
    t.after(removeMachines)
    await removeMachines()
    const system = await disk(suite, line => t.diagnostic(line))
    await mkdir(stateFolder, { recursive: true })
    const program = join(stateFolder, 'program.img')
    await programDisk(checkout, program)
    const vm = new VirtualMachine(1)
    await vm.boot(system, program)
    const ready = () =>
      until(
        'the node is Ready',
        async () => / Ready /.test(await kubectl(vm, ['get', 'nodes', '--no-headers'])),
        slowly,
      )
    const look = async () => {
      const found = await snapshot(vm as unknown as Machine)
      // Logs of the system, its own services, and what installing packages changes.
      return { ...found, files: found.files!.filter(line => !ofTheSystem.test(line)), processes: [], namespaces: [] }
    }

    await t.test('up installs what is missing, and runs pods as it should', async () => {
      await vm.ok(kobune, ['up', '--systemd', ...patient])
      await startPods(vm)
      await checkPods(vm)
      assert.match(await vm.ok(kobune, ['status']), /server +runs as kobune-server\.service/)
      await vm.ok('sh', ['-c', '! systemctl is-active containerd.service'])
    })
    await t.test('it comes back by itself after a reboot', async () => {
      await vm.reboot()
      await ready()
      await kubectl(vm, ['wait', '--for=condition=Ready', 'pod/client', '--timeout=900s'])
      await checkServices(vm)
    })
    await t.test('down --purge takes back what it did', async () => {
      await vm.ok(kobune, ['down', '--purge', '--yes'])
      const left = await vm.ok('sh', [
        '-c',
        'ls -d /etc/systemd/system/kobune* /etc/kubernetes /var/lib/kobune 2>&1 || :',
      ])
      assert.doesNotMatch(left, /^\//m)
    })
    const before = await look()
    await t.test('init makes a control plane of static pods, in slices of systemd', async () => {
      await vm.ok('tee', ['/root/kubeadm.yaml'], { input: configuration })
      await vm.ok(kobune, ['init', '--config', '/root/kubeadm.yaml', ...patient])
      await kubectl(vm, ['taint', 'nodes', '--all', 'node-role.kubernetes.io/control-plane-'])
      await startPods(vm)
      await checkPods(vm)
      assert.match(await vm.ok('systemctl', ['list-units', '--plain', 'kubepods*']), /kubepods-burstable-pod\w+\.slice/)
    })
    for (const mode of ['ipvs', 'iptables', 'nftables']) {
      await t.test(`kube-proxy carries packets in mode ${mode}`, async () => {
        const config = await kubectl(vm, ['-n', 'kube-system', 'get', 'configmap', 'kube-proxy', '-o', 'yaml'])
        await kubectl(vm, ['apply', '-f', '-'], config.replace(/\bmode: .*/, `mode: ${mode}`))
        await kubectl(vm, ['-n', 'kube-system', 'rollout', 'restart', 'daemonset/kube-proxy'])
        await kubectl(vm, ['-n', 'kube-system', 'rollout', 'status', 'daemonset/kube-proxy', '--timeout=900s'])
        await checkServices(vm)
      })
    }
    await t.test('it comes back by itself after a reboot, and reset leaves nothing', async () => {
      await vm.reboot()
      await ready()
      await vm.ok(kobune, ['reset', '--force'])
      assert.deepEqual(differences(before, await look()), [])
    })
    await t.test('the layout systemd is made of units that come back', async () => {
      await vm.ok(kobune, ['init', '--layout', 'systemd', ...patient])
      await vm.ok('systemctl', ['kill', '--signal=KILL', 'kube-scheduler.service'])
      await until('the scheduler runs again', () => vm.ok('systemctl', ['is-active', 'kube-scheduler']), slowly)
      assert.notEqual(await vm.ok(kobune, ['logs', 'kube-apiserver', '--lines', '5']), '')
      await vm.reboot()
      await ready()
      await vm.ok(kobune, ['reset', '--force'])
      assert.deepEqual(differences(before, await look()), [])
    })
  })
}

const configuration = `apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
---
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
cgroupDriver: systemd
`

const ofTheSystem =
  /^\/(var\/log|var\/lib\/(apt|dpkg|systemd|private|ucf|containerd)|run\/(systemd|udev|user|log|dbus|containerd|sshd)|root\/\.(cache|kube|ssh)|root\/kubeadm|tmp\/systemd|var\/tmp\/systemd|etc\/machine-id)/
