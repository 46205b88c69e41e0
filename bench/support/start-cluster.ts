/** Starts and stops one cluster in this process, and tells its parent how many seconds the start took. */
import { flushCompileCache } from 'node:module'

// The parent is gone, or has what it wants.
process.on('disconnect', () => process.exit())
const began = performance.now()
const { startCluster } = await import('../../src/testing/start-cluster.ts')
const loaded = performance.now()
const cluster = await startCluster()
const ready = performance.now()
process.send!({ started: (ready - loaded) / 1000, all: (ready - began) / 1000 })
await cluster.stop()
flushCompileCache()
process.disconnect()
