/** Command-line flags as Go programs take them, declared as data: parsing, defaults, help and errors derive from it. */
import { parseDuration } from './duration.ts'

/** One flag. `T` is what it is read as. */
export interface Flag<T = unknown> {
  readonly type: FlagType
  readonly does: string
  readonly default: T
  /** Taken, because others write it, and without effect: why. */
  readonly accepted?: string
  /** Known, and not possible here: why. */
  readonly refused?: string
}
export type FlagType = 'text' | 'toggle' | 'number' | 'duration' | 'list' | 'map'
/** Flags by their names, without dashes. */
export type Flags = Readonly<Record<string, Flag>>
/** What a command line said, by the names of its flags; defaults where it said nothing. */
export type Given<F extends Flags> = { readonly [Name in keyof F]: F[Name] extends Flag<infer T> ? T : never }

interface TextFlag {
  (does: string): Flag<string | undefined>
  (does: string, value: string): Flag<string>
}
export const text: TextFlag = (does: string, value?: string): Flag<never> => ({
  type: 'text',
  does,
  default: value as never,
})
export const toggle = (does: string, value = false): Flag<boolean> => ({ type: 'toggle', does, default: value })
export const number = (does: string, value: number): Flag<number> => ({ type: 'number', does, default: value })
/** Written `1h30m`; read as milliseconds, as the default is given. */
export const duration = (does: string, value: number): Flag<number> => ({ type: 'duration', does, default: value })
/** Parts with commas between; a repeated flag adds to it. */
export const list = (does: string, value: readonly string[] = []): Flag<readonly string[]> => ({
  type: 'list',
  does,
  default: value,
})
/** `name=value` with commas between; a repeated flag adds to it. */
export const map = (does: string): Flag<Readonly<Record<string, string>>> => ({ type: 'map', does, default: {} })
/** Taken and checked for its form, but without effect. */
export const accepted = (type: FlagType, why: string): Flag => ({
  type,
  does: `no effect: ${why}`,
  default: undefined,
  accepted: why,
})
/** Known, but not possible. */
export const refused = (why: string): Flag => ({
  type: 'text',
  does: `refused: ${why}`,
  default: undefined,
  refused: why,
})

/** A command line that cannot be understood; the message says which word and why. */
export class FlagError extends Error {
  override readonly name = 'FlagError'
}

export interface Parsed<F extends Flags> {
  readonly given: Given<F>
  /** Names of flags on the command line that have no effect. */
  readonly ignored: readonly string[]
  /** Names that stood on the command line. */
  readonly said: ReadonlySet<string>
}

/** Reads `--flag=value`, `--flag value`, `--toggle` and `--toggle=false`. Throws FlagError. */
export function parseFlags<F extends Flags>(flags: F, words: readonly string[]): Parsed<F> {
  const values: Record<string, unknown> = {}
  const said = new Set<string>()
  for (let i = 0; i < words.length; i += 1) {
    const word = words[i]!
    const [, dashes, name = '', , inline] = /^(--?)([^=]+)(=([\s\S]*))?$/.exec(word) ?? []
    // -v=2 and -v 2 are the one short form that upstream's programs have.
    const known = dashes === '--' || name === 'v' ? flags[name] : undefined
    if (dashes === undefined) throw new FlagError(`${JSON.stringify(word)} is no flag; only flags are taken`)
    if (!known || !Object.hasOwn(flags, name)) throw unknownFlag(flags, name, dashes)
    if (known.refused !== undefined) throw new FlagError(`--${name} cannot be used: ${known.refused}`)
    let value = inline
    if (value === undefined && known.type !== 'toggle') {
      i += 1
      value = words[i]
      if (value === undefined) throw new FlagError(`--${name} needs a value`)
    }
    values[name] = read(name, known, value ?? 'true', said.has(name) ? values[name] : undefined)
    said.add(name)
  }
  const given = Object.fromEntries(Object.entries(flags).map(([name, flag]) => [name, values[name] ?? flag.default]))
  return { given: given as Given<F>, said, ignored: [...said].filter(name => flags[name]!.accepted !== undefined) }
}

function unknownFlag(flags: Flags, name: string, dashes: string): FlagError {
  const near = Object.keys(flags).filter(
    other => distance(other, name) <= 2 || (name.length > 4 && other.includes(name)),
  )
  const hint = near.length > 0 ? `; did you mean --${near[0]}?` : ''
  return new FlagError(`unknown flag: ${dashes}${name}${hint}`)
}

function read(name: string, { type }: Flag, value: string, before: unknown): unknown {
  const wrong = (what: string) => new FlagError(`--${name}=${value}: ${what}`)
  switch (type) {
    case 'text':
      return value
    case 'toggle': {
      if (['true', 't', '1', 'T', 'TRUE', 'True'].includes(value)) return true
      if (['false', 'f', '0', 'F', 'FALSE', 'False'].includes(value)) return false
      throw wrong('it takes true or false')
    }
    case 'number': {
      const number = Number(value)
      if (value.trim() === '' || !Number.isFinite(number)) throw wrong('it takes a number')
      return number
    }
    case 'duration': {
      const duration = parseDuration(value)
      if (duration === undefined) throw wrong('it takes a duration such as 30s, 5m or 8760h')
      return duration
    }
    case 'list':
      return [...((before as readonly string[] | undefined) ?? []), ...value.split(',').filter(part => part !== '')]
    case 'map': {
      const pairs = value.split(',').filter(part => part !== '')
      if (pairs.some(pair => !pair.includes('='))) throw wrong('it takes name=value, with commas between several')
      const read = pairs.map(pair => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)])
      return { ...(before as object | undefined), ...Object.fromEntries(read) }
    }
  }
}

/** Changes of one letter that lead from one word to the other. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= b.length; j += 1) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)))
    }
    row = next
  }
  return row[b.length]!
}

/** How help shows the value of a flag. */
const valueForms: Readonly<Record<FlagType, string>> = {
  text: '=<text>',
  toggle: '',
  number: '=<number>',
  duration: '=<duration>',
  list: '=<a,b,...>',
  map: '=<name=value,...>',
}

/** The help on flags: those that do something, and then those that are only taken. */
export function flagsHelp(flags: Flags, shown: (milliseconds: number) => string): string {
  const useful = Object.entries(flags).filter(([, flag]) => flag.accepted === undefined && flag.refused === undefined)
  const lines = useful.map(([name, flag]) => [`  --${name}${valueForms[flag.type]}`, describe(flag, shown)] as const)
  const width = Math.min(46, Math.max(...lines.map(([left]) => left.length)))
  const others = Object.entries(flags).filter(
    ([, { accepted, refused }]) => accepted !== undefined || refused !== undefined,
  )
  const rest = others.map(([name, flag]) => `  --${name}: ${flag.does}`)
  return [
    'Flags:',
    ...lines.map(([left, right]) => `${left.padEnd(width)}  ${right}`),
    ...(rest.length > 0 ? ['', 'Known, and without use here:', ...rest] : []),
  ].join('\n')
}

function describe({ does, type, default: value }: Flag, shown: (milliseconds: number) => string): string {
  if (
    value === undefined ||
    value === false ||
    (typeof value === 'object' && Object.keys(value as object).length === 0)
  ) {
    return does
  }
  return `${does} (default ${type === 'duration' ? shown(value as number) : String(value)})`
}
