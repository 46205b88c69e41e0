import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { Lab } from './lab.ts'
import { labsFolder } from './leftovers.ts'
import { missing } from './needs.ts'
import { run } from './run.ts'

const skip = await missing()

/** What of this machine the lab must leave alone. */
async function ownNetwork(): Promise<string> {
  const parts = [
    await run('ip', ['-o', 'link']),
    await run('ip', ['route', 'show', 'table', 'all']),
    await run('nft', ['list', 'ruleset']),
    await run('cat', ['/proc/self/mountinfo']),
  ]
  return parts.map(part => part.stdout).join('\n')
}

test('machines reach one another, are cut off, lose power and come back; nothing is left', { skip }, async () => {
  const before = await ownNetwork()
  {
    await using lab = await Lab.create()
    const [a, b] = [await lab.machine('alpha'), await lab.machine('beta')]
    const reaches = async (from: typeof a, to: typeof a) =>
      (await from.exec('busybox', ['ping', '-c', '1', '-W', '1', to.address])).code === 0

    assert.equal((await a.ok('hostname')).trim(), 'alpha')
    assert.equal(await reaches(a, b), true)
    assert.equal(await reaches(lab.outside, b), true)

    await lab.cut([a], [b])
    assert.equal(await reaches(a, b), false)
    assert.equal(await reaches(lab.outside, b), true)
    await lab.heal()
    assert.equal(await reaches(a, b), true)

    await b.ok('sh', ['-c', 'echo kept > /var/lib/note; echo kept > /etc/note; echo lost > /run/note'])
    assert.equal(existsSync('/etc/note'), false)
    await lab.reboot(b)
    assert.equal(await b.ok('cat', ['/var/lib/note', '/etc/note']), 'kept\nkept\n')
    assert.notEqual((await b.exec('cat', ['/run/note'])).code, 0)
    assert.equal(await reaches(a, b), true)

    await b.powerOff()
    assert.equal(await reaches(a, b), false)
  }
  assert.equal(await ownNetwork(), before)
  assert.equal(existsSync(`${labsFolder}/t${process.pid}`), false)
})
