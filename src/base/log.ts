import { type Logger, pino } from 'pino'

export type { Logger }

const root = pino({
  level: process.env.KOBUNE_LOG_LEVEL ?? 'info',
  base: null,
  timestamp: pino.stdTimeFunctions.isoTime,
  formatters: { level: label => ({ level: label }) },
})

/** The logger of one component: JSON lines on standard output. Constant message, variable fields: `log.info({ pod }, 'pod started')`. */
export function logger(component: string): Logger {
  return root.child({ component })
}

/** How much every logger of this process tells: trace, debug, info, warn, error, fatal, silent. Default: KOBUNE_LOG_LEVEL or info. */
export function setLogLevel(level: string): void {
  root.level = level
}
