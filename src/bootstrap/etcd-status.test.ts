import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EtcdMemberStatus } from '../storage/etcd/cluster.ts'
import { etcdStatus } from './etcd-status.ts'

const well: EtcdMemberStatus = {
  endpoint: 'https://127.0.0.1:2379',
  id: 'a1',
  version: '3.5.16',
  leader: 'a1',
  learner: false,
  bytes: 3_100_000,
  revision: 571,
  errors: [],
}
const room = { folder: '/var/lib/etcd', free: 40e9 }

test('a member of etcd tells how it is, and what to do', () => {
  assert.deepEqual(etcdStatus(well, room), {
    healthy: true,
    says: 'is healthy: 3.1 MB, 40000 MB are free in /var/lib/etcd',
  })
  for (const [status, disk, says, hint] of [
    [{ ...well, leader: '0' }, room, /^knows no leader$/, /nodes list/],
    [{ ...well, errors: ['memberID:161 alarm:NOSPACE '] }, room, /takes no writes.*NOSPACE/, /quota of etcd/],
    [well, { ...room, free: 3e6 }, /almost full: 3\.0 MB are free in/, /make room .*df \/var\/lib\/etcd/],
    [{ error: 'no' }, { ...room, free: 0 }, /^does not run: its disk is full/, /goes on by itself/],
    [{ error: 'connection refused' }, room, /^does not answer: connection refused$/, /logs etcd/],
  ] as const) {
    const told = etcdStatus(status, disk)
    assert.equal(told.healthy, false)
    assert.match(told.says, says)
    assert.match(told.hint ?? '', hint)
  }
})
