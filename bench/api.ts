/**
 * Throughput of the API over HTTPS, with client certificates, RBAC and admission: `sh scripts/node.sh bench/api.ts`.
 * The server is a process of its own with the flags of `kobune up`; this process is the load. Parts: the API server alone
 * (as the original's is a process of its own) on SQLite, where every write is on disk before it is acknowledged, and in
 * memory; and on SQLite with controllers and scheduler in the same process, as `kobune up` has it.
 * `bench/api.ts ROUNDS [VARIANT]` for another number of rounds, and one variant only.
 */
import type { ServerOptions } from './support/child-server.ts'
import { Load } from './support/load.ts'
import { benchmark, type Row } from './support/report.ts'
import { median } from './support/statistics.ts'

const variants: Readonly<Record<string, ServerOptions>> = {
  sqlite: { store: 'sqlite', parts: 'alone' },
  memory: { store: 'memory', parts: 'alone' },
  'sqlite, all parts': { store: 'sqlite', parts: 'all' },
}
const rounds = Number(process.argv[2] ?? 10)
const only = process.argv[3]

/** What is measured in each round, in this order, and how the original does. */
const measures: readonly (Pick<Row, 'what' | 'unit' | 'original'> & {
  readonly run: (load: Load) => Promise<number>
})[] = [
  { what: 'create pods', unit: '/s', original: 910, run: load => load.create() },
  { what: 'merge patch', unit: '/s', original: 760, run: load => load.patch('application/merge-patch+json') },
  { what: 'strategic merge patch', unit: '/s', run: load => load.patch('application/strategic-merge-patch+json') },
  { what: 'GET a pod', unit: '/s', original: 2430, run: load => load.get() },
  { what: 'LIST of 1,000 pods', unit: '/s', original: 17.7, run: load => load.list('', 1000) },
  {
    what: 'LIST by label, 100 of 1,000',
    unit: '/s',
    original: 17,
    run: load => load.list('?labelSelector=app%3Da3', 100),
  },
  { what: '100 watchers of 500 updates', unit: 'events/s', original: 25_000, run: load => load.watch() },
]

await benchmark(import.meta.filename, async stack => {
  const rows: Row[] = []
  for (const [variant, options] of Object.entries(variants)) {
    if (only && only !== variant) continue
    const values = measures.map((): number[] => [])
    const load = await Load.start(options, stack)
    for (let i = -1; i < rounds; i++) {
      for (const [at, { run }] of measures.entries()) {
        const value = await run(load)
        // The first round warms up.
        if (i >= 0) values[at]!.push(value)
      }
      await load.remove()
    }
    await load.stop()
    for (const [at, { what, unit, original }] of measures.entries()) {
      const about = { unit, better: 'more', of: rounds, ...(original !== undefined && { original }) } as const
      rows.push({ what: `${what} (${variant})`, value: median(values[at]!), ...about })
    }
  }
  return rows
})
