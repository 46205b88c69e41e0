import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { clockMissing, moveClock } from './clock.ts'
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

    await lab.lose(b, 100)
    assert.equal(await reaches(a, b), false)
    assert.equal(await reaches(lab.outside, b), false)
    await lab.heal()
    await lab.lose(b, 30)
    // Lost are 30 of 100 each way: half of the answers.
    const { stdout: said } = await a.exec('busybox', ['ping', '-i', '0.02', '-c', '60', '-w', '5', b.address])
    const lost = Number(/(\d+)% packet loss/.exec(said)?.[1])
    assert.ok(lost > 15 && lost < 85, said)
    await lab.heal()

    const second = await lab.card(b)
    assert.equal((await lab.outside.exec('busybox', ['ping', '-c', '1', '-W', '1', second])).code, 0)
    assert.match(await b.ok('ip', ['-br', 'address']), /eth0@.*172\.31\.0\.2.*eth1@.*172\.31\.1\.2/s)

    await b.smallDisk('/var/lib/small', '1m')
    const full = await b.exec('dd', ['if=/dev/zero', 'of=/var/lib/small/file', 'bs=64k'])
    assert.match(full.stderr, /No space left on device/)

    if (!clockMissing()) {
      const env = await moveClock(b, '+1d')
      const program = 'process.stdout.write(String(Date.now()))'
      const ahead = Number(await b.ok(process.execPath, ['-e', program], { env })) - Date.now()
      assert.ok(Math.abs(ahead - 86_400_000) < 60_000, String(ahead))
    }

    await b.powerOff()
    assert.equal(await reaches(a, b), false)
  }
  assert.equal(await ownNetwork(), before)
  assert.equal(existsSync(`${labsFolder}/t${process.pid}`), false)
})
