/**
 * Runs every benchmark, one after another, and merges what they wrote into `bench/out/all.json`:
 * `sh scripts/node.sh bench/all.ts`. With `--readme`, runs nothing and writes the numbers of bench/out into the README.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeReadme } from './support/readme.ts'
import { outFolder, type Report, reached } from './support/report.ts'

const names = ['start-up', 'up', 'memory', 'api', 'scheduling'] as const
const failed: string[] = []
if (!process.argv.includes('--readme')) for (const name of names) await run(name)
const reports = await Promise.all(names.map(read))
await writeFile(join(outFolder, 'all.json'), `${JSON.stringify(reports, undefined, 2)}\n`)
if (process.argv.includes('--readme')) await writeReadme(reports)
const missed = reports.flatMap(({ rows }) => rows.filter(row => reached(row) === false).map(({ what }) => what))
if (missed.length) console.log(`\nNot reached: ${missed.join('; ')}`)
if (failed.length) console.log(`\nFailed, so that their numbers are of an earlier time: ${failed.join(', ')}`)
process.exitCode = failed.length ? 1 : 0

/** In a process of its own, as alone. */
async function run(name: string): Promise<void> {
  const child = spawn(process.execPath, [...process.execArgv, join(import.meta.dirname, `${name}.ts`)], {
    stdio: 'inherit',
  })
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
  if (signal || code === 130) process.exit(130)
  if (code !== 0) failed.push(name)
}

async function read(name: string): Promise<Report> {
  return JSON.parse(await readFile(join(outFolder, `${name}.json`), 'utf8')) as Report
}
