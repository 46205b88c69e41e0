import type { KubernetesObject } from '../../api/group-version.ts'
import type { FieldError } from '../../machinery/field-error.ts'
import { invalid } from '../../machinery/status-error.ts'
import { check } from '../../schema/check.ts'
import { fill } from '../../schema/fill.ts'
import type { Operation } from '../admission.ts'
import type { ApiRequest, Registry } from './api-request.ts'
import { checkName } from './names.ts'
import type { Draft, RequestContext } from './strategy.ts'

/** Whether everything happens but the write. */
export function isDryRun(request: Pick<ApiRequest, 'param'>): boolean {
  return request.param('dryRun') === 'All'
}

/** The request as strategies see it. */
export function contextOf(request: ApiRequest): RequestContext {
  return { user: request.user, dryRun: isDryRun(request), subresource: request.subresource }
}

/** The request as admission sees it. */
export function operationOf(
  request: ApiRequest,
  what: Pick<Operation, 'operation' | 'object' | 'oldObject'> & { readonly options?: Operation['options'] },
): Operation {
  const { served, subresource, namespace, user } = request
  const name = request.name ?? what.object?.metadata.name ?? what.oldObject?.metadata.name ?? ''
  const { resource } = served
  const dryRun = isDryRun(request)
  return { resource, subresource, namespace, name, user, dryRun, options: {}, warn: request.warn, ...what }
}

/** Refuses with Invalid when there are errors. */
export function demandValid(request: ApiRequest, name: string, errors: readonly FieldError[]): void {
  if (errors.length === 0) return
  const { group, kind } = request.served.resource
  throw invalid({ group, resource: kind, name }, errors)
}

/** From a decoded body to a valid new object; stamps, name and namespace are set already. */
export async function admitNew(registry: Registry, request: ApiRequest, draft: Draft<KubernetesObject>): Promise<void> {
  const { view, strategy, resource } = request.served
  const context = contextOf(request)
  if (resource.status && !strategy.statusOnCreate) delete (draft as { status?: unknown }).status
  fill(view, draft)
  const operation = operationOf(request, { operation: 'CREATE', object: draft, oldObject: undefined })
  const mutated = registry.admission.mutate(operation)
  if (mutated) await mutated
  strategy.prepareCreate?.(draft, context)
  fill(view, draft)
  const object = draft as KubernetesObject
  demandValid(request, object.metadata.name || object.metadata.generateName || '', [
    ...checkName(request.served, object.metadata),
    ...check(view, object),
    ...(strategy.validate?.(object, context) ?? []),
  ])
  const validated = registry.admission.validate(operation)
  if (validated) await validated
}

/** From what a writer wants an object to become to a valid successor of the stored one. */
export async function admitUpdate(
  registry: Registry,
  request: ApiRequest,
  draft: Draft<KubernetesObject>,
  old: KubernetesObject,
  earlier: readonly FieldError[],
): Promise<void> {
  const { view, strategy } = request.served
  const context = contextOf(request)
  fill(view, draft)
  const operation = operationOf(request, { operation: 'UPDATE', object: draft, oldObject: old })
  const mutated = registry.admission.mutate(operation)
  if (mutated) await mutated
  strategy.prepareUpdate?.(draft, old, context)
  fill(view, draft)
  const object = draft as KubernetesObject
  demandValid(request, object.metadata.name, [
    ...earlier,
    ...check(view, object),
    ...(strategy.validate?.(object, context) ?? []),
    ...(strategy.validateUpdate?.(object, old, context) ?? []),
  ])
  const validated = registry.admission.validate(operation)
  if (validated) await validated
}
