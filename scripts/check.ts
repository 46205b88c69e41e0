/** Format, lint, types and the rules of the house: what `npm run check` says. Exit code 1 when any of them fails. */
import { spawnSync } from 'node:child_process'

const root = new URL('..', import.meta.url).pathname
const bin = `${root}node_modules/.bin`
const checks: readonly (readonly [string, readonly string[]])[] = [
  [`${bin}/biome`, ['check', '--error-on-warnings', '.']],
  [`${bin}/tsc`, ['-p', root]],
  [process.execPath, ['--test', '--test-reporter=dot', `${root}test/house/rooms.test.ts`]],
]

let failed = false
for (const [command, args] of checks) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' })
  failed ||= status !== 0
}
process.exitCode = failed ? 1 : 0
