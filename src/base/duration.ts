/** Durations as Go writes and reads them, and as people read ages. All numbers are milliseconds. */

const units: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}

const shape = /^([+-]?)((?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/
const part = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g

/** Reads `1h30m`, `300ms`, `-1.5s` or `0`; undefined when the text is no duration. */
export function parseDuration(text: string): number | undefined {
  if (/^[+-]?0$/.test(text)) return 0
  if (!shape.test(text)) return undefined
  let total = 0
  for (const [, amount, unit] of text.matchAll(part)) total += Number(amount) * units[unit!]!
  return text.startsWith('-') ? -total : total
}

/** `1h30m0s`, `1.5s`, `300ms`, `0s`. */
export function formatDuration(milliseconds: number): string {
  const sign = milliseconds < 0 ? '-' : ''
  const size = Math.abs(milliseconds)
  if (size === 0) return '0s'
  if (size < 1e-3) return `${sign}${trimmed(size * 1e6)}ns`
  if (size < 1) return `${sign}${trimmed(size * 1000)}µs`
  if (size < 1000) return `${sign}${trimmed(size)}ms`
  const minutes = Math.floor(size / 60_000)
  const seconds = `${trimmed((size - minutes * 60_000) / 1000)}s`
  if (minutes === 0) return sign + seconds
  const hours = Math.floor(minutes / 60)
  return `${sign}${hours ? `${hours}h` : ''}${minutes % 60}m${seconds}`
}

/** Without the noise that floating point leaves behind the ninth digit. */
const trimmed = (value: number) => String(Number(value.toFixed(9)))

const minute = 60
const hour = 60 * minute
const day = 24 * hour
const year = 365 * day

/** An age in one or two units, as `kubectl get` shows it: `45s`, `3m20s`, `5h`, `2d3h`, `1y20d`. */
export function humanDuration(milliseconds: number): string {
  const seconds = Math.trunc(milliseconds / 1000)
  if (seconds < -1) return '<invalid>'
  if (seconds < 0) return '0s'
  if (seconds < 2 * minute) return `${seconds}s`
  const minutes = Math.floor(seconds / minute)
  if (minutes < 10) return pair(minutes, 'm', seconds % minute, 's')
  if (minutes < 3 * 60) return `${minutes}m`
  const hours = Math.floor(seconds / hour)
  if (hours < 8) return pair(hours, 'h', minutes % 60, 'm')
  if (hours < 48) return `${hours}h`
  const days = Math.floor(seconds / day)
  if (hours < 8 * 24) return pair(days, 'd', hours % 24, 'h')
  if (hours < 2 * 365 * 24) return `${days}d`
  const years = Math.floor(seconds / year)
  if (hours < 8 * 365 * 24) return pair(years, 'y', days % 365, 'd')
  return `${years}y`
}

/** An age in its largest unit alone: `45s`, `59m`, `23h`, `364d`, `9y`; `<invalid>` when it is over. */
export function shortDuration(milliseconds: number): string {
  const seconds = Math.trunc(milliseconds / 1000)
  if (seconds < -1) return '<invalid>'
  if (seconds < 0) return '0s'
  if (seconds < minute) return `${seconds}s`
  if (seconds < hour) return `${Math.floor(seconds / minute)}m`
  if (seconds < day) return `${Math.floor(seconds / hour)}h`
  if (seconds < year) return `${Math.floor(seconds / day)}d`
  return `${Math.floor(seconds / year)}y`
}

const pair = (large: number, largeUnit: string, small: number, smallUnit: string) =>
  small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`
