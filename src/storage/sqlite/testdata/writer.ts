// Writes without end, and prints each key and revision once it is acknowledged.
import { sqliteStorage } from '../sqlite.ts'

const store = await sqliteStorage({ file: process.argv[2]! })
const run = process.pid
await Promise.all(
  Array.from({ length: 16 }, async (_, lane) => {
    for (let i = 0; ; i += 1) {
      const key = `/lane/${lane}/${i % 5 === 0 ? 'same' : `${run}-${i}`}`
      const { revision } = await store.put(key, Buffer.alloc(2000, lane))
      process.stdout.write(`${key} ${revision}\n`)
    }
  }),
)
