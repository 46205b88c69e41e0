import type { PodSpec } from '../../api/core/v1/pod-spec.ts'
import type { Toleration } from '../../api/core/v1/toleration.ts'
import { type FieldError, fieldForbidden, fieldInvalid } from '../../machinery/field-error.ts'
import { deepEqual } from '../cache/json.ts'
import { type Errors, none } from './rules.ts'

/** What may change in the spec of a pod that is there: little. */

const immutableSpec =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,' +
  '`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),' +
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)'

/** A pod spec against the one that is stored. */
export function validatePodUpdate(spec: PodSpec, old: PodSpec): Errors {
  for (const field of ['containers', 'initContainers'] as const) {
    if ((spec[field]?.length ?? 0) === (old[field]?.length ?? 0)) continue
    return [fieldForbidden(`spec.${field}`, 'pod updates may not add or remove containers')]
  }
  const errors: FieldError[] = [...validateDeadline(spec.activeDeadlineSeconds, old.activeDeadlineSeconds)]
  errors.push(...validateTolerations(spec.tolerations ?? [], old.tolerations ?? []))
  if (errors.length > 0) return errors
  const changed = changedFields(withChangeableFieldsOf(spec, old), old)
  return changed.length === 0 ? none : [fieldForbidden('spec', `${immutableSpec}\n${changed.join('\n')}`)]
}

/** The new spec with everything that may change taken back to what it was. */
function withChangeableFieldsOf(spec: PodSpec, old: PodSpec): PodSpec {
  const images = (field: 'containers' | 'initContainers') =>
    spec[field]?.map((container, i) => ({ ...container, image: old[field]?.[i]?.image }))
  // While scheduling gates hold a pod back, where it may run can still be narrowed.
  const gated = (old.schedulingGates?.length ?? 0) > 0
  const grace = (old.terminationGracePeriodSeconds ?? 0) < 0 && spec.terminationGracePeriodSeconds === 1
  return {
    ...spec,
    containers: images('containers') ?? [],
    initContainers: images('initContainers'),
    ephemeralContainers: old.ephemeralContainers,
    activeDeadlineSeconds: old.activeDeadlineSeconds,
    tolerations: old.tolerations,
    schedulingGates: fewerGates(spec, old) ? old.schedulingGates : spec.schedulingGates,
    ...(grace && { terminationGracePeriodSeconds: old.terminationGracePeriodSeconds }),
    ...(gated && { nodeSelector: old.nodeSelector, affinity: old.affinity }),
  }
}

function fewerGates(spec: PodSpec, old: PodSpec): boolean {
  const before = new Set(old.schedulingGates?.map(gate => gate.name))
  return (spec.schedulingGates ?? []).every(gate => before.has(gate.name))
}

/** The paths of the fields that differ, for a person to read. */
function changedFields(spec: PodSpec, old: PodSpec): readonly string[] {
  const after = spec as unknown as Record<string, unknown>
  const before = old as unknown as Record<string, unknown>
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter(field => !deepEqual(without(after[field]), without(before[field])))
    .map(field => `spec.${field}`)
}

/** An absent image is the same as none at all. */
function without(value: unknown): unknown {
  return Array.isArray(value) ? value.map(each => (isObject(each) ? defined(each) : each)) : value
}
const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null
const defined = (object: object) =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined))

function validateDeadline(seconds: number | undefined, old: number | undefined): Errors {
  const path = 'spec.activeDeadlineSeconds'
  if (old === undefined) return none
  if (seconds === undefined) return [fieldInvalid(path, null, 'must not update from a positive integer to nil value')]
  return seconds > old ? [fieldInvalid(path, seconds, 'must be less than or equal to previous value')] : none
}

/** Tolerations may be added; of those that were there only the seconds may change. */
function validateTolerations(tolerations: readonly Toleration[], old: readonly Toleration[]): Errors {
  const timeless = ({ tolerationSeconds: _, ...rest }: Toleration) => rest
  const kept = old.every(one => tolerations.some(other => deepEqual(timeless(one), timeless(other))))
  if (kept) return none
  return [fieldForbidden('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds')]
}

/** Through /ephemeralcontainers: containers may only be added. */
export function validateEphemeralUpdate(spec: PodSpec, old: PodSpec): Errors {
  const path = 'spec.ephemeralContainers'
  const now = new Map(spec.ephemeralContainers?.map(container => [container.name, container]))
  return (old.ephemeralContainers ?? []).flatMap(container => {
    const kept = now.get(container.name)
    if (!kept) return [fieldForbidden(path, `existing ephemeral containers "${container.name}" may not be removed`)]
    if (deepEqual(kept, container)) return []
    return [fieldForbidden(path, `existing ephemeral containers "${container.name}" may not be changed`)]
  })
}
