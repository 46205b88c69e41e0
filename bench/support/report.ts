/** What every benchmark has in common: it measures rows, prints them as a table and keeps them as JSON in bench/out. */
import { mkdir, writeFile } from 'node:fs/promises'
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os'
import { basename, join } from 'node:path'

/** One number, beside the number that it should reach and the one that the original has. */
export interface Row {
  readonly what: string
  readonly value: number
  readonly unit: string
  /** Which direction is good. */
  readonly better: 'more' | 'less'
  readonly target?: number
  /** Kubernetes 1.20 with etcd 3.4 on such a machine. */
  readonly original?: number
  /** How many measurements the value is the median of. */
  readonly of?: number
}

export interface Report {
  readonly name: string
  readonly date: string
  readonly machine: string
  /** Of the minute before the end: says whether others worked at the time. */
  readonly load: number
  readonly rows: readonly Row[]
}

export const outFolder = join(import.meta.dirname, '..', 'out')

/**
 * Runs a benchmark: prints its table and writes `bench/out/<name>.json`. What it gives to `stack` is disposed at the end,
 * also when it fails or is interrupted. Exit code 1 when it fails.
 */
export async function benchmark(
  file: string,
  measure: (stack: AsyncDisposableStack) => Promise<readonly Row[]>,
): Promise<void> {
  const stack = new AsyncDisposableStack()
  let ending: Promise<void> | undefined
  // A second disposal would not wait for the first.
  const end = () => (ending ??= stack.disposeAsync())
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => void end().finally(() => process.exit(130)))
  }
  try {
    const name = basename(file, '.ts')
    const rows = await measure(stack)
    const report = { name, date: new Date().toISOString(), machine: machine(), load: loadavg()[0]!, rows }
    printReport(report)
    await mkdir(outFolder, { recursive: true })
    await writeFile(join(outFolder, `${name}.json`), `${JSON.stringify(report, undefined, 2)}\n`)
  } catch (error) {
    if (!ending) console.error(error)
    process.exitCode = 1
  } finally {
    await end()
  }
}

/** Awaits a thing that the stack disposes, also when the end comes while it is still being made. */
export async function take<T extends AsyncDisposable>(stack: AsyncDisposableStack, making: Promise<T>): Promise<T> {
  stack.defer(async () => (await making.catch(() => undefined))?.[Symbol.asyncDispose]())
  return making
}

/** Whether a row is as good as it should be; undefined when nothing was promised. */
export function reached({ value, better, target, original }: Row): boolean | undefined {
  const goal = target ?? original
  if (goal === undefined) return undefined
  return better === 'more' ? value >= goal : value <= goal
}

/** How many times better than the original. */
export function timesBetter({ value, better, original }: Row): number | undefined {
  if (original === undefined) return undefined
  return better === 'more' ? value / original : original / value
}

/** Three digits that matter, and more only before the point. */
export function short(value: number | undefined): string {
  if (value === undefined) return ''
  const rounded = Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3))
  return rounded.toLocaleString('en')
}

/** The cells of a row as text, for tables anywhere. */
export function cells(row: Row): readonly string[] {
  const good = reached(row)
  const times = timesBetter(row)
  const goal = row.target === undefined ? '' : `${row.better === 'more' ? '>=' : '<='} ${short(row.target)}`
  return [
    row.what,
    goal,
    short(row.original),
    short(row.value),
    row.unit,
    times === undefined ? '' : `${short(times)}x`,
    good === undefined ? '' : good ? 'yes' : 'NO',
  ]
}

export const columns = ['what', 'target', 'original', 'ours', 'unit', 'better by', 'reached'] as const

export function printReport({ name, date, machine, load, rows }: Report): void {
  const table = [columns, ...rows.map(cells)]
  const widths = columns.map((_, i) => Math.max(...table.map(line => line[i]!.length)))
  const pad = (text: string, i: number) => (i === 0 || i === 4 ? text.padEnd(widths[i]!) : text.padStart(widths[i]!))
  console.log(`\n${name}: ${date}, ${machine}, load ${short(load)}`)
  for (const line of table) console.log(line.map(pad).join('  '))
}

function machine(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor'
  const memory = Math.round(totalmem() / 2 ** 30)
  return `${availableParallelism()} cores ${model}, ${memory} GiB, Linux ${release().split('-')[0]}, Node ${process.versions.node}`
}
