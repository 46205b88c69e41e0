import { formatQuantity, parseQuantity, type Quantity } from '../schema/quantity.ts'

/**
 * Arithmetic on resource quantities (`100m`, `1Gi`). What the API hands out was checked when it was written, so these
 * take texts and treat text that is no quantity as a broken invariant.
 */

const nanoPerUnit = 1_000_000_000n

function must(text: string | number): Quantity {
  const quantity = parseQuantity(String(text))
  if (!quantity) throw new TypeError(`not a quantity: ${JSON.stringify(text)}`)
  return quantity
}

/** Negative when `a` is less than `b`, zero when they say the same amount, else positive. */
export function compareQuantities(a: string, b: string): number {
  const difference = must(a).nano - must(b).nano
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}

/** The canonical sum; it is written in the format of the first. */
export function addQuantities(a: string, b: string): string {
  return combine(must(a), must(b).nano)
}

/** The canonical difference; it is written in the format of the first. */
export function subtractQuantities(a: string, b: string): string {
  return combine(must(a), -must(b).nano)
}

function combine(a: Quantity, nano: bigint): string {
  return formatQuantity({ nano: a.nano + nano, format: a.format })
}

/** The larger one. */
export function maxQuantity(a: string, b: string): string {
  return compareQuantities(a, b) < 0 ? b : a
}

/** `text` times a whole number. */
export function multiplyQuantity(text: string, times: number): string {
  const { nano, format } = must(text)
  return formatQuantity({ nano: nano * BigInt(times), format })
}

/** Whole units (bytes, cores), rounded up. */
export function quantityValue(text: string): number {
  return Number(divideUp(must(text).nano, nanoPerUnit))
}

/** Thousandths (millicores), rounded up. */
export function quantityMilli(text: string): number {
  return Number(divideUp(must(text).nano, 1_000_000n))
}

/** As a floating point number, for metrics and ratios. */
export function quantityNumber(text: string): number {
  return Number(must(text).nano) / 1e9
}

/** Whether the text says a quantity. */
export const isQuantity = (text: string): boolean => parseQuantity(text) !== undefined

/** Binary text of a number of bytes: `1536Mi`. */
export function bytesQuantity(bytes: number): string {
  return formatQuantity({ nano: BigInt(Math.ceil(bytes)) * nanoPerUnit, format: 'BinarySI' })
}

/** Decimal text of thousandths: `1500m`, `2`. */
export function milliQuantity(milli: number): string {
  return formatQuantity({ nano: BigInt(Math.ceil(milli)) * 1_000_000n, format: 'DecimalSI' })
}

function divideUp(nano: bigint, by: bigint): bigint {
  const whole = nano / by
  return nano % by > 0n ? whole + 1n : whole
}
