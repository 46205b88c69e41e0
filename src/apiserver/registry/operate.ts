import { statusError } from '../../machinery/status-error.ts'
import { bind } from '../subresources/binding.ts'
import { evict } from '../subresources/eviction.ts'
import { getScale, patchScale, updateScale } from '../subresources/scale.ts'
import type { Answer, ApiRequest, Operate, Registry } from './api-request.ts'
import { create } from './create.ts'
import { deleteOne } from './delete.ts'
import { deleteCollection } from './delete-collection.ts'
import { list } from './list.ts'
import { patch } from './patch.ts'
import { get } from './read.ts'
import { update } from './update.ts'
import { throughVersion } from './versions.ts'
import { watch } from './watch.ts'
import { demandWriteOptions } from './write-options.ts'

const operations: Readonly<Record<string, Operate>> = {
  create,
  get: (_, request) => get(request),
  list: (_, request) => list(request),
  watch: (_, request) => watch(request),
  update,
  patch,
  delete: deleteOne,
  deletecollection: deleteCollection,
}

/** Requests that do something else than their verb says, by `verb plural/subresource`; what is rare is loaded when used. */
const special: Readonly<Record<string, Operate>> = {
  'create bindings': bind,
  'create pods/binding': bind,
  'create pods/eviction': evict,
  'create serviceaccounts/token': async (...args) => (await import('../subresources/token.ts')).createToken(...args),
  'create subjectaccessreviews': async (...args) =>
    (await import('../reviews/access-review.ts')).subjectAccessReview(...args),
  'create localsubjectaccessreviews': async (...args) =>
    (await import('../reviews/access-review.ts')).subjectAccessReview(...args),
  'create selfsubjectaccessreviews': async (...args) =>
    (await import('../reviews/access-review.ts')).selfSubjectAccessReview(...args),
  'create selfsubjectrulesreviews': async (...args) =>
    (await import('../reviews/rules-review.ts')).rulesReview(...args),
  'create selfsubjectreviews': async (...args) =>
    (await import('../reviews/identity-review.ts')).selfSubjectReview(...args),
  'create tokenreviews': async (...args) => (await import('../reviews/identity-review.ts')).tokenReview(...args),
}
const scaling: Readonly<Record<string, Operate>> = { get: getScale, update: updateScale, patch: patchScale }
/** Groups whose resources `special` names. */
const builtIn = new Set(['', 'authentication.k8s.io', 'authorization.k8s.io'])

/** Parts of the object itself, written through a path of their own. */
const ownParts = new Set(['status', 'ephemeralcontainers', 'resize', 'approval', 'finalize'])
const partVerbs = new Set(['get', 'update', 'patch'])

/** Carries out an authorized request. */
export async function operate(registry: Registry, request: ApiRequest): Promise<Answer> {
  const { served } = request
  demandWriteOptions(request)
  const { version } = served
  if (version && request.subresource !== 'scale')
    return throughVersion(registry, request, { served, ...version }, operate)
  const operation = operationFor(request)
  if (!operation) throw notAllowed(request)
  return operation(registry, request)
}

function operationFor({ verb, subresource, served: { resource } }: ApiRequest): Operate | undefined {
  if (builtIn.has(resource.group)) {
    const found = special[`${verb} ${resource.plural}${subresource && `/${subresource}`}`]
    if (found) return found
  }
  if (subresource === '') return resource.verbs.includes(verb) ? operations[verb] : undefined
  if (subresource === 'scale') return resource.scale ? scaling[verb] : undefined
  const offered = subresource === 'status' ? resource.status : resource.subresources.includes(subresource)
  return offered && ownParts.has(subresource) && partVerbs.has(verb) ? operations[verb] : undefined
}

/** The verb is not one of the resource's. */
export function notAllowed({
  served: { resource },
  subresource,
  verb,
}: Pick<ApiRequest, 'served' | 'subresource' | 'verb'>) {
  const name = subresource ? `${resource.plural}/${subresource}` : resource.plural
  const details = { ...(resource.group && { group: resource.group }), kind: resource.plural }
  return statusError('MethodNotAllowed', `${verb} is not supported on resources of kind "${name}"`, details)
}
