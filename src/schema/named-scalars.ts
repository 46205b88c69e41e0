import { canonicalQuantity, quantityPattern } from './quantity.ts'

/** How a scalar with a definition of its own is read: what it becomes, or why it cannot be read. */
export type ReadScalar = (value: unknown) => { readonly value: unknown } | { readonly error: string }

/** Shown where an integer or a string is expected and something else came. */
const wrongKind = (value: unknown, type: string) => ({
  error: `json: cannot unmarshal ${jsonKind(value)} into Go value of type ${type}`,
})

/** JSON's names of what a value is, as Go says them. */
export function jsonKind(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  return typeof value === 'boolean' ? 'bool' : typeof value
}

function quantity(value: unknown): ReturnType<ReadScalar> {
  if (typeof value !== 'string' && typeof value !== 'number') return { error: quantityPattern }
  const text = canonicalQuantity(String(value).trim())
  return text === undefined ? { error: quantityPattern } : { value: text }
}

const rfc3339 = /^(\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d)(\.\d+)?(?:([Zz])|[+-]\d\d:\d\d)$/

/** Times are kept in UTC with a fixed number of digits after the second. */
function timeReader(digits: number, layout: string, canonical: RegExp): ReadScalar {
  return value => {
    if (typeof value !== 'string') return wrongKind(value, 'string')
    if (canonical.test(value)) return { value }
    const match = rfc3339.exec(value)
    const milliseconds = match ? Date.parse(value) : Number.NaN
    if (Number.isNaN(milliseconds)) {
      return { error: `parsing time ${JSON.stringify(value)} as "${layout}": cannot parse "${value}" as "2006"` }
    }
    const whole = new Date(milliseconds).toISOString().slice(0, 19)
    const fraction = (match?.[2] ?? '.').padEnd(digits + 1, '0').slice(0, digits + 1)
    return { value: `${whole}${digits ? fraction : ''}Z` }
  }
}

function intOrString(value: unknown): ReturnType<ReadScalar> {
  if (typeof value === 'string' || Number.isInteger(value)) return { value }
  return wrongKind(value, typeof value === 'number' ? 'int32' : 'string')
}

const metaV1 = 'io.k8s.apimachinery.pkg.apis.meta.v1'

/** By full definition name. */
export const namedScalars: ReadonlyMap<string, ReadScalar> = new Map([
  ['io.k8s.apimachinery.pkg.api.resource.Quantity', quantity],
  ['io.k8s.apimachinery.pkg.util.intstr.IntOrString', intOrString],
  [`${metaV1}.Time`, timeReader(0, '2006-01-02T15:04:05Z07:00', /^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\dZ$/)],
  [
    `${metaV1}.MicroTime`,
    timeReader(6, '2006-01-02T15:04:05.000000Z07:00', /^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d\.\d{6}Z$/),
  ],
])
