import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nextRun, parseSchedule } from './cron-schedule.ts'

const next = (schedule: string, after: string, zone?: string) => {
  const time = nextRun(parseSchedule(schedule), Date.parse(after), zone)
  return time === undefined ? undefined : new Date(time).toISOString().slice(0, 16)
}

test('nextRun() finds the next time', () => {
  const cases: readonly (readonly [string, string, string | undefined, string?])[] = [
    ['* * * * *', '2026-01-01T00:00:30Z', '2026-01-01T00:01'],
    ['*/15 * * * *', '2026-01-01T00:15:00Z', '2026-01-01T00:30'],
    ['5,10-20/5 3 * * *', '2026-01-01T03:10:00Z', '2026-01-01T03:15'],
    ['0 0 29 2 *', '2026-01-01T00:00:00Z', '2028-02-29T00:00'],
    ['0 0 30 2 *', '2026-01-01T00:00:00Z', undefined],
    ['0 12 * * mon-fri', '2026-01-02T13:00:00Z', '2026-01-05T12:00'],
    ['0 0 * * 7', '2026-01-01T00:00:00Z', '2026-01-04T00:00'],
    ['0 0 13 * 5', '2026-01-01T00:00:00Z', '2026-01-02T00:00'],
    ['0 0 1 JAN *', '2026-01-01T00:00:00Z', '2027-01-01T00:00'],
    ['@hourly', '2026-01-01T00:00:00Z', '2026-01-01T01:00'],
    ['@every 1h30m', '2026-01-01T00:00:00Z', '2026-01-01T01:30'],
    ['30 2 * * *', '2026-03-28T12:00:00Z', '2026-03-30T00:30', 'Europe/Berlin'],
    ['30 9 * * *', '2026-07-01T00:00:00Z', '2026-07-01T13:30', 'America/New_York'],
  ]
  for (const [schedule, after, expected, zone] of cases) assert.equal(next(schedule, after, zone), expected, schedule)
})

test('parseSchedule() refuses what is no schedule', () => {
  for (const text of ['', '* * * *', '60 * * * *', '* * 0 * *', 'a * * * *', '*/0 * * * *', '5-1 * * * *', '@often']) {
    assert.throws(() => parseSchedule(text), Error, text)
  }
})
