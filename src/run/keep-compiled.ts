import { flushCompileCache } from 'node:module'

/**
 * Keeps what Node compiled for the next start. It does that by itself only when a process ends well, which processes that
 * run for months, or are killed, do not.
 */
export function keepCompiled(): void {
  flushCompileCache()
}
