import { statusError } from '../../machinery/status-error.ts'
import type { Answer, ApiRequest, Registry } from './api-request.ts'
import { create } from './create.ts'
import { deleteOne } from './delete.ts'
import { list } from './list.ts'
import { patch } from './patch.ts'
import { get } from './read.ts'
import { update } from './update.ts'
import { watch } from './watch.ts'

type Operate = (registry: Registry, request: ApiRequest) => Promise<Answer>

const operations: Readonly<Record<string, Operate>> = {
  create,
  get: (_, request) => get(request),
  list: (_, request) => list(request),
  watch: (_, request) => watch(request),
  update,
  patch,
  delete: deleteOne,
}

/** Parts of the object itself, written through a path of their own. */
const ownParts = new Set(['status', 'ephemeralcontainers', 'resize', 'approval', 'finalize'])
const partVerbs = new Set(['get', 'update', 'patch'])

/** Carries out an authorized request. */
export async function operate(registry: Registry, request: ApiRequest): Promise<Answer> {
  const { verb, subresource, served } = request
  const offered =
    subresource === '' ? served.resource.verbs.includes(verb) : ownParts.has(subresource) && partVerbs.has(verb)
  const operation = offered ? operations[verb] : undefined
  if (!operation) throw notAllowed(request)
  return operation(registry, request)
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
