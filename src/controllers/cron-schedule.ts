/** The five fields of a cron line, and when they next hold. */

/** Which minutes, hours, days, months and weekdays; days and weekdays add up when both are given. */
export interface CronSchedule {
  readonly minutes: ReadonlySet<number>
  readonly hours: ReadonlySet<number>
  readonly days: ReadonlySet<number>
  readonly months: ReadonlySet<number>
  readonly weekdays: ReadonlySet<number>
  readonly anyDay: boolean
  readonly anyWeekday: boolean
  /** Milliseconds between runs, for `@every 1h30m`. */
  readonly every?: number
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']
const nicknames: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
}
const units: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1_000 }

/** Reads a schedule. Throws with what is wrong in it. */
export function parseSchedule(text: string): CronSchedule {
  const line = nicknames[text.trim()] ?? text.trim()
  const every = /^@every ((?:\d+[hms])+)$/.exec(line)?.[1]
  if (every) {
    const parts = [...every.matchAll(/(\d+)([hms])/g)]
    const ms = parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * units[unit!]!, 0)
    return { ...parseSchedule('* * * * *'), every: Math.max(1_000, ms) }
  }
  const fields = line.split(/\s+/)
  if (fields.length !== 5) throw new Error(`expected exactly 5 fields, found ${fields.length}: ${JSON.stringify(text)}`)
  const [minute, hour, day, month, weekday] = fields as [string, string, string, string, string]
  return {
    minutes: parseField(minute, 0, 59),
    hours: parseField(hour, 0, 23),
    days: parseField(day, 1, 31),
    months: parseField(month, 1, 12, months, 1),
    // Sunday is 0, and 7 too.
    weekdays: new Set([...parseField(weekday, 0, 7, weekdays)].map(number => number % 7)),
    anyDay: /^[*?]/.test(day),
    anyWeekday: /^[*?]/.test(weekday),
  }
}

/** `1,5-9/2,mon`: `names` count from `base`. */
function parseField(text: string, least: number, most: number, names: readonly string[] = [], base = 0): Set<number> {
  const values = new Set<number>()
  const number = (word: string): number => {
    const named = names.indexOf(word.toLowerCase())
    const value = named >= 0 ? named + base : /^\d+$/.test(word) ? Number(word) : Number.NaN
    if (!(value >= least && value <= most))
      throw new Error(`${JSON.stringify(word)} is not between ${least} and ${most}`)
    return value
  }
  for (const part of text.split(',')) {
    const [range = '', step] = part.split('/')
    const [from = '', to] = range.split('-')
    const any = from === '*' || from === '?'
    const first = any ? least : number(from)
    const last = any
      ? names === weekdays
        ? 6
        : most
      : to !== undefined
        ? number(to)
        : step !== undefined
          ? most
          : first
    const by = step === undefined ? 1 : Number(step)
    if (!Number.isInteger(by) || by < 1 || last < first) throw new Error(`${JSON.stringify(part)} is no range`)
    for (let value = first; value <= last; value += by) values.add(value)
  }
  return values
}

const minute = 60_000
const day = 24 * 60 * minute
/** A schedule such as February 30th never holds: the search ends after some years, days. */
const horizon = 5 * 366

/** The first time (milliseconds) after `after` at which the schedule holds in the time zone; undefined: never. */
export function nextRun(schedule: CronSchedule, after: number, timeZone = 'UTC'): number | undefined {
  if (schedule.every) return Math.floor(after / 1000) * 1000 + schedule.every
  const zone = zoneOf(timeZone)
  // What clocks on the wall show, as if it were UTC.
  const begin = Math.floor((after + zone(after)) / minute) * minute + minute
  let wall = begin
  while (wall < begin + horizon * day) {
    const date = new Date(wall)
    if (!dayHolds(schedule, date)) wall = Math.floor(wall / day) * day + day
    else if (!schedule.hours.has(date.getUTCHours()))
      wall = Math.floor(wall / (60 * minute)) * 60 * minute + 60 * minute
    else if (!schedule.minutes.has(date.getUTCMinutes())) wall += minute
    else {
      const time = wall - zone(wall - zone(wall))
      // A time that a change of clocks leaves out does not come; one that comes twice counts once.
      if (time + zone(time) === wall && time > after) return time
      wall += minute
    }
  }
  return undefined
}

function dayHolds({ months: inMonths, days, weekdays: on, anyDay, anyWeekday }: CronSchedule, date: Date): boolean {
  if (!inMonths.has(date.getUTCMonth() + 1)) return false
  const [ofMonth, ofWeek] = [days.has(date.getUTCDate()), on.has(date.getUTCDay())]
  return anyDay || anyWeekday ? ofMonth && ofWeek : ofMonth || ofWeek
}

/** What the zone's clocks are ahead of UTC at a time, milliseconds. Throws for a zone nobody knows. */
function zoneOf(timeZone: string): (time: number) => number {
  if (timeZone === 'UTC' || timeZone === 'Etc/UTC') return () => 0
  const format = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' })
  return time => {
    const name = format.formatToParts(time).find(part => part.type === 'timeZoneName')?.value ?? ''
    const [, sign, hours = 0, minutes = 0] = /GMT([+-])(\d+):(\d+)/.exec(name) ?? []
    return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * minute
  }
}
