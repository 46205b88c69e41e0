import { compareQuantities } from './quantity.ts'

type Amounts = Readonly<Record<string, string>> | undefined
interface Resources {
  readonly requests?: Amounts
  readonly limits?: Amounts
}
interface Containers {
  /** Absent in what was not checked yet. */
  readonly containers?: readonly { readonly resources?: Resources | undefined }[] | undefined
  readonly initContainers?: readonly { readonly resources?: Resources | undefined }[] | undefined
  readonly resources?: Resources | undefined
}

/** How much a pod can count on what it asked for. */
export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort'

const counted = ['cpu', 'memory'] as const
const given = (amounts: Amounts, name: string) =>
  amounts?.[name] !== undefined && compareQuantities(amounts[name], '0') > 0 ? amounts[name] : undefined

/**
 * The quality of service class: Guaranteed when every container limits cpu and memory and asks for just that,
 * BestEffort when none says anything. What the pod says as a whole stands in for its containers.
 */
export function qosClass(spec: Containers): QosClass {
  const all =
    spec.resources?.requests || spec.resources?.limits
      ? [spec]
      : [...(spec.containers ?? []), ...(spec.initContainers ?? [])]
  let anything = false
  let guaranteed = true
  for (const { resources } of all) {
    for (const name of counted) {
      const limit = given(resources?.limits, name)
      const request = given(resources?.requests, name)
      if (limit !== undefined || request !== undefined) anything = true
      if (limit === undefined || (request !== undefined && compareQuantities(request, limit) !== 0)) guaranteed = false
    }
  }
  if (!anything) return 'BestEffort'
  return guaranteed ? 'Guaranteed' : 'Burstable'
}
