/** Images that need the Internet to be made: made once, outside of the lab, which has none. */
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { run } from '../lab/run.ts'
import { kobune } from './cluster.ts'

const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'kobune-tests')
const slow = 300_000

/** An archive of redis:7 out of Debian's package. */
export async function redisArchive(): Promise<string> {
  const archive = join(cache, 'redis-7.tar')
  if (existsSync(archive)) return archive
  mkdirSync(cache, { recursive: true })
  const lists = '/var/lib/apt/lists'
  if (
    !existsSync(lists) ||
    !readdirSync(lists).some(name => name.endsWith('_Packages') || name.includes('Packages.'))
  ) {
    await demand('apt-get', ['update', '-q', '-o', 'Acquire::Retries=3'])
  }
  const made = join(cache, `redis-${process.pid}.tar`)
  const what = ['docker.io/library/redis:7', '--package', 'redis-server', '--user', '65534:65534']
  await demand(kobune, ['image', 'build', ...what, '--file', made])
  await rename(made, archive)
  return archive
}

async function demand(command: string, args: readonly string[]): Promise<void> {
  const { code, stdout, stderr } = await run(command, args, {
    timeout: slow,
    env: process.env as Record<string, string>,
  })
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}: ${stdout}${stderr}`)
}
