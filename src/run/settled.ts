/** What a process does once it has started, and whenever it has nothing to do: it keeps what was compiled, and gives back memory. */
import { flushCompileCache } from 'node:module'
import { getHeapStatistics } from 'node:v8'

/** How often a process looks whether it has nothing to do, milliseconds. */
const period = 20_000
/** Share of one processor up to which a process has nothing to do. */
const idle = 0.05
/** Bytes that the heap must have grown for another collection to be worth it. */
const worth = 4 << 20
/** A larger heap is not collected: that would hold the process up for too long. */
const largest = 128 << 20

/**
 * To be called when a process has started. Node keeps what it compiled only when a process ends well, which those that run
 * for months, or are killed, do not. And V8 collects only while memory is asked for: what starting took, or a time of much
 * work, would stay for as long as there is nothing to do. Needs `--expose-gc`; without, nothing is collected.
 */
export function settled(): void {
  flushCompileCache()
  const { gc } = globalThis
  if (!gc) return
  let before = process.cpuUsage()
  let kept = 0
  setInterval(() => {
    const { user, system } = process.cpuUsage(before)
    before = process.cpuUsage()
    const size = getHeapStatistics().total_heap_size
    if ((user + system) / 1000 > idle * period || size > largest || size < kept + worth) return
    // Others only make room for what comes; this one gives the pages back. 40 to 80 ms.
    gc({ type: 'major', execution: 'sync', flavor: 'last-resort' })
    kept = getHeapStatistics().total_heap_size
    before = process.cpuUsage()
  }, period).unref()
}
