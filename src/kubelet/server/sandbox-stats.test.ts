import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PodSandbox, PodSandboxStats } from '../cri/types.ts'
import { sandboxStats } from './sandbox-stats.ts'

const stats = (id: string) => ({ attributes: { id } }) as PodSandboxStats

test('a pod whose cgroup is gone does not hide what the others use', async () => {
  const found = await sandboxStats({
    listPodSandboxStats: async () => {
      throw new Error('failed to obtain metrics for sandbox "b"')
    },
    listPodSandbox: async () => ['a', 'b'].map(id => ({ id }) as PodSandbox),
    podSandboxStats: async id => {
      if (id === 'b') throw new Error('no such file or directory')
      return stats(id)
    },
  })
  assert.deepEqual(found, [stats('a')])
})
