import type { LimitRange } from '../../api/core/v1/limit-range.ts'
import type { PersistentVolumeClaim } from '../../api/core/v1/persistent-volume-claim.ts'
import type { Pod } from '../../api/core/v1/pod.ts'
import { podTotals } from '../../machinery/quota-usage.ts'
import { formatQuantity, parseQuantity } from '../../schema/quantity.ts'

type Item = LimitRange['spec']['limits'][number]

/** What something asks for and is limited to, in billionths. */
interface Amounts {
  readonly requests: ReadonlyMap<string, bigint>
  readonly limits: ReadonlyMap<string, bigint>
}

const nano = (text: string) => parseQuantity(text)?.nano ?? 0n

function amountsOf(
  resources: { readonly requests?: object | undefined; readonly limits?: object | undefined } | undefined,
): Amounts {
  const map = (given: object | undefined) =>
    new Map(Object.entries((given ?? {}) as Record<string, string>).map(([name, text]) => [name, nano(text)]))
  return { requests: map(resources?.requests), limits: map(resources?.limits) }
}

/** Where a pod or claim is outside of the bounds of a namespace, in upstream's words. */
export function limitErrors(items: readonly Item[], object: Pod | PersistentVolumeClaim, isPod: boolean): string[] {
  const subjects: Readonly<Record<string, () => Amounts[]>> = isPod
    ? podSubjects(object as Pod)
    : claimSubjects(object as PersistentVolumeClaim)
  return items.flatMap(item => (subjects[item.type]?.() ?? []).flatMap(amounts => itemErrors(item, amounts)))
}

function podSubjects(pod: Pod) {
  return {
    Container: () => [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].map(one => amountsOf(one.resources)),
    Pod: () => [{ requests: podTotals(pod, 'requests'), limits: podTotals(pod, 'limits') }],
  }
}

function claimSubjects(claim: PersistentVolumeClaim) {
  const { requests } = amountsOf(claim.spec.resources)
  return { PersistentVolumeClaim: () => [{ requests, limits: new Map<string, bigint>() }] }
}

function itemErrors(item: Item, { requests, limits }: Amounts): string[] {
  const errors: string[] = []
  const { type } = item
  for (const [name, bound] of Object.entries(item.min ?? {})) {
    const least = nano(bound)
    const usage = `minimum ${name} usage per ${type} is ${bound}`
    const request = requests.get(name)
    const limit = limits.get(name)
    if (request === undefined) errors.push(`${usage}.  No request is specified`)
    else if (request < least) errors.push(`${usage}, but request is ${shown(request, bound)}`)
    if (limit !== undefined && limit < least) errors.push(`${usage}, but limit is ${shown(limit, bound)}`)
  }
  for (const [name, bound] of Object.entries(item.max ?? {})) {
    const greatest = nano(bound)
    const usage = `maximum ${name} usage per ${type} is ${bound}`
    const request = requests.get(name)
    const limit = limits.get(name)
    if (type === 'PersistentVolumeClaim') {
      if (request !== undefined && request > greatest) errors.push(`${usage}, but request is ${shown(request, bound)}`)
      continue
    }
    if (limit === undefined) errors.push(`${usage}.  No limit is specified`)
    else if (limit > greatest) errors.push(`${usage}, but limit is ${shown(limit, bound)}`)
    if (request !== undefined && request > greatest) errors.push(`${usage}, but request is ${shown(request, bound)}`)
  }
  for (const [name, bound] of Object.entries(item.maxLimitRequestRatio ?? {})) {
    const ratio = `${name} max limit to request ratio per ${type} is ${bound}`
    const request = requests.get(name) ?? 0n
    const limit = limits.get(name) ?? 0n
    if (request === 0n) errors.push(`${ratio}, but no request is specified or request is 0`)
    else if (limit === 0n) errors.push(`${ratio}, but no limit is specified or limit is 0`)
    else if (limit * 1_000_000_000n > request * nano(bound))
      errors.push(`${ratio}, but provided ratio is ${(Number(limit) / Number(request)).toFixed(6)}`)
  }
  return errors
}

/** An amount in the format of the bound that it breaks. */
const shown = (value: bigint, like: string) =>
  formatQuantity({ nano: value, format: parseQuantity(like)?.format ?? 'DecimalSI' })
