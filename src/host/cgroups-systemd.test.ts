import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nameInSlice, sliceOf, slicePath, sliceProperties, systemdCgroups } from './cgroups-systemd.ts'
import { recordingHost } from './recording-host.ts'

const pod = '/kubepods/burstable/pod0d1e-22'

test('a group is a slice that names all slices it stands in', () => {
  assert.equal(sliceOf(pod), 'kubepods-burstable-pod0d1e_22.slice')
  assert.equal(slicePath(pod), '/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0d1e_22.slice')
  assert.equal(nameInSlice('kubepods-burstable-pod0d1e_22.slice', '/kubepods/burstable'), 'pod0d1e-22')
  assert.equal(nameInSlice('kubepods-burstable.slice', '/kubepods'), 'burstable')
  assert.equal(nameInSlice('cri-containerd-abc.scope', '/kubepods'), undefined)
})

test('limits are told in systemd’s words, and taken away again', () => {
  assert.deepEqual(sliceProperties({ cpuShares: 1024, cpuQuota: 50_000, memoryLimit: 1 << 20, pidsLimit: 100 }), [
    ['CPUWeight', 't', '39'],
    ['CPUQuotaPeriodUSec', 't', '100000'],
    ['CPUQuotaPerSecUSec', 't', '500000'],
    ['MemoryMax', 't', '1048576'],
    ['TasksMax', 't', '100'],
  ])
  const none = sliceProperties({ cpuQuota: -1, memoryLimit: -1, pidsLimit: -1 }).map(([name, , value]) => [name, value])
  assert.deepEqual(none, [
    ['CPUQuotaPeriodUSec', '100000'],
    ['CPUQuotaPerSecUSec', '18446744073709551615'],
    ['MemoryMax', '18446744073709551615'],
    ['TasksMax', '18446744073709551615'],
  ])
})

test('systemd is asked for the group, and for other limits of one that is there', async () => {
  const host = recordingHost()
  const files = await host.cgroups()
  let there = false
  const cgroups = systemdCgroups(
    { ...files, exists: async () => there },
    {
      ...host.processes,
      run: async (command, args) => {
        there = true
        return host.processes.run(command, args)
      },
    },
  )
  assert.equal(cgroups.parent(pod), 'kubepods-burstable-pod0d1e_22.slice')
  await cgroups.create(pod, { pidsLimit: 7 })
  await cgroups.create(pod, { pidsLimit: 8 })
  const runs = host.effects.map(({ target }) => target.replace(/^busctl call --system \S+ \S+ \S+ /, ''))
  assert.deepEqual(runs, [
    'StartTransientUnit ssa(sv)a(sa(sv)) kubepods-burstable-pod0d1e_22.slice replace 5 CPUAccounting b true MemoryAccounting b true TasksAccounting b true IOAccounting b true TasksMax t 7 0',
    'SetUnitProperties sba(sv) kubepods-burstable-pod0d1e_22.slice true 1 TasksMax t 8',
  ])
})
