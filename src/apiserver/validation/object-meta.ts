import type { ObjectMeta } from '../../api/meta/v1/object-meta.ts'
import { type FieldError, fieldInvalid, fieldTooLong } from '../../machinery/field-error.ts'
import { finalizerName, labelValue, qualifiedName } from '../../machinery/names.ts'
import { type Errors, each, named } from './rules.ts'

const mostAnnotationBytes = 256 * 1024

/** Labels: keys are qualified names, values label values. */
export function validateLabels(labels: Readonly<Record<string, string>> | undefined, path: string): Errors {
  if (!labels) return []
  const errors: FieldError[] = []
  for (const key in labels) {
    errors.push(...named(key, path, qualifiedName), ...named(labels[key], path, labelValue))
  }
  return errors
}

/** Annotations: keys are qualified names, and all of them together are not too large. */
export function validateAnnotations(annotations: Readonly<Record<string, string>> | undefined, path: string): Errors {
  if (!annotations) return []
  const errors: FieldError[] = []
  let size = 0
  for (const key in annotations) {
    // Annotation keys may have upper case letters in their prefix.
    errors.push(...qualifiedName(key.toLowerCase()).map(why => fieldInvalid(path, key, why)))
    size += Buffer.byteLength(key) + Buffer.byteLength(annotations[key]!)
  }
  if (size > mostAnnotationBytes) errors.push(fieldTooLong(path, mostAnnotationBytes))
  return errors
}

/** What holds for the metadata of every object, beside its name. */
export function validateObjectMeta(metadata: ObjectMeta, path = 'metadata'): Errors {
  const { labels, annotations, ownerReferences, finalizers } = metadata
  return [
    ...validateLabels(labels, `${path}.labels`),
    ...validateAnnotations(annotations, `${path}.annotations`),
    ...validateOwners(ownerReferences, `${path}.ownerReferences`),
    ...each(finalizers, `${path}.finalizers`, (finalizer, at) => named(finalizer, at, finalizerName)),
  ]
}

function validateOwners(owners: ObjectMeta['ownerReferences'], path: string): Errors {
  const [first, second] = owners?.filter(owner => owner.controller) ?? []
  if (!first || !second) return []
  const found = `Found "true" in references for ${first.kind}/${first.name} and ${second.kind}/${second.name}`
  return [fieldInvalid(path, owners, `Only one reference can have Controller set to true. ${found}`)]
}
