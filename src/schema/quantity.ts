/**
 * The number format of resources: a decimal with a binary (Ki, Mi ...), decimal (m, k, M ...) or exponent (e3) suffix.
 * Exact: amounts are counted in billionths, smaller parts are rounded up as upstream does.
 */

/** Which suffixes a quantity is written with. */
export type QuantityFormat = 'BinarySI' | 'DecimalSI' | 'DecimalExponent'

/** An exact amount. */
export interface Quantity {
  /** Billionths. */
  readonly nano: bigint
  readonly format: QuantityFormat
}

/** What upstream says of text that is no quantity. */
export const quantityPattern =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"

const binary = new Map([
  ['Ki', 1n << 10n],
  ['Mi', 1n << 20n],
  ['Gi', 1n << 30n],
  ['Ti', 1n << 40n],
  ['Pi', 1n << 50n],
  ['Ei', 1n << 60n],
])
const decimal = new Map([
  ['n', -9],
  ['u', -6],
  ['m', -3],
  ['', 0],
  ['k', 3],
  ['M', 6],
  ['G', 9],
  ['T', 12],
  ['P', 15],
  ['E', 18],
])
const decimalSuffix = new Map([...decimal].map(([suffix, exponent]) => [exponent, suffix]))
const shape = /^([+-]?)(\d*)(?:\.(\d*))?(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]|[eE][+-]?\d+)?$/
const nanoPerUnit = 1_000_000_000n

/** Upstream counts in 64 bits: larger amounts are cut to the largest one. */
const most = ((1n << 63n) - 1n) * nanoPerUnit

/** The quantity that `text` says, or undefined when it says none. */
export function parseQuantity(text: string): Quantity | undefined {
  const match = shape.exec(text)
  if (!match) return undefined
  const [, sign, whole = '', fraction = '', suffix = ''] = match
  if (whole === '' && fraction === '') return undefined
  const digits = BigInt(whole + fraction)
  const multiple = binary.get(suffix)
  const exponent = decimal.get(suffix) ?? (multiple ? 0 : Number(suffix.slice(1)))
  if (Math.abs(exponent) > 1000) return undefined
  const nano = scaled(digits * (multiple ?? 1n), exponent - fraction.length + 9)
  const capped = nano > most ? most : nano
  const format = multiple ? 'BinarySI' : decimal.has(suffix) ? 'DecimalSI' : 'DecimalExponent'
  return { nano: sign === '-' ? -capped : capped, format }
}

/** `digits` times ten to the `exponent`, away from zero where it does not come out even. */
function scaled(digits: bigint, exponent: number): bigint {
  if (exponent >= 0) return digits * 10n ** BigInt(exponent)
  const divisor = 10n ** BigInt(-exponent)
  return (digits + divisor - 1n) / divisor
}

/** The canonical text: no fraction, the largest suffix that leaves a whole number. */
export function formatQuantity({ nano, format }: Quantity): string {
  if (nano === 0n) return '0'
  const sign = nano < 0n ? '-' : ''
  const size = nano < 0n ? -nano : nano
  if (format === 'BinarySI' && size >= 1024n * nanoPerUnit) return sign + binaryText(size)
  return sign + decimalText(size, format === 'DecimalExponent')
}

function binaryText(nano: bigint): string {
  let units = scaled(nano, -9)
  let suffix = ''
  for (const next of binary.keys()) {
    if (units % 1024n !== 0n) break
    units /= 1024n
    suffix = next
  }
  return `${units}${suffix}`
}

function decimalText(nano: bigint, exponential: boolean): string {
  let digits = nano
  let exponent = -9
  while (exponent < 18 && digits % 1000n === 0n) {
    digits /= 1000n
    exponent += 3
  }
  if (exponential) return exponent === 0 ? `${digits}` : `${digits}e${exponent}`
  return `${digits}${decimalSuffix.get(exponent)}`
}

/** Texts that are surely canonical already: the common case costs one match. */
const surelyCanonical = /^[1-9]\d{0,2}(?:m|Ki|Mi|Gi|k|M|G)?$/

/** The canonical text of a quantity; undefined when `text` is none. */
export function canonicalQuantity(text: string): string | undefined {
  if (surelyCanonical.test(text)) return text
  const quantity = parseQuantity(text)
  return quantity && formatQuantity(quantity)
}
