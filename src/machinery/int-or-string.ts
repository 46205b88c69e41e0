/** A number, or a percentage or name. */
export type IntOrString = number | string

/** The number before `%`, or undefined when the value is no percentage. */
export function percentOf(value: IntOrString): number | undefined {
  const match = typeof value === 'string' ? /^(\d+)%$/.exec(value) : null
  return match ? Number(match[1]) : undefined
}

/** A number as it is; a percentage as that part of `total`, rounded up or down. Undefined when it is neither. */
export function scaledValue(value: IntOrString, total: number, round: 'up' | 'down'): number | undefined {
  if (typeof value === 'number') return value
  const percent = percentOf(value)
  if (percent === undefined) return undefined
  const exact = (percent * total) / 100
  return round === 'up' ? Math.ceil(exact) : Math.floor(exact)
}
