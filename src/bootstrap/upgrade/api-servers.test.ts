import assert from 'node:assert/strict'
import { test } from 'node:test'
import { notUpgraded, olderThanKubelet } from './api-servers.ts'

const servers = [
  { at: 'a:6443', version: 'v1.37.0+kobune-1.0.0' },
  { at: 'b:6443', version: 'v1.37.0+kobune-0.9.0' },
  { at: 'c:6443', version: 'v1.36.4+kobune-0.9.0' },
  { at: 'd:6443', version: undefined },
]
const names = (some: readonly { readonly at: string }[]) => some.map(({ at }) => at[0]).join('')

test('a kubelet waits for API servers of an older minor version, and for those that do not answer', () => {
  assert.equal(names(olderThanKubelet(servers, 'v1.37.0+kobune-1.0.0')), 'cd')
  assert.equal(names(olderThanKubelet(servers, 'v1.36.9+kobune-9.0.0')), 'd')
})

test('addons wait for all API servers that are older in any way', () => {
  assert.equal(names(notUpgraded(servers, 'v1.37.0+kobune-1.0.0')), 'bcd')
})
