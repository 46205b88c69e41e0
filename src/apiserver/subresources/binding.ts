import { Binding } from '../../api/core/v1/binding.ts'
import { type Pod, pods } from '../../api/core/v1/pod.ts'
import { rfc3339 } from '../../base/clock.ts'
import { fieldInvalid, fieldNotSupported, fieldRequired } from '../../machinery/field-error.ts'
import { badRequest, conflict, invalid } from '../../machinery/status-error.ts'
import { amend } from '../registry/amend.ts'
import type { Answer, ApiRequest, Operate } from '../registry/api-request.ts'
import { decodeBody, expected } from '../registry/decode.ts'
import { checkPreconditions } from '../registry/metadata.ts'
import { isDryRun, operationOf } from '../registry/pipeline.ts'
import type { Draft } from '../registry/strategy.ts'

const asBinding = expected(Binding, 'v1')

/** POST pods/NAME/binding, or a Binding by itself: gives a pod to a node. */
export const bind: Operate = async (registry, request) => {
  const binding = decodeBody(request, asBinding) as Draft<Binding>
  const name = request.name ?? binding.metadata.name
  if (!name) throw badRequest('name of the pod to bind is required')
  if (binding.metadata.name && binding.metadata.name !== name)
    throw badRequest('name in URL does not match name in Binding object')
  demandTarget(name, binding)
  const served = registry.table.of(pods)
  const about: ApiRequest = { ...request, served, name, subresource: 'binding' }
  const operation = operationOf(about, { operation: 'CREATE', object: binding, oldObject: undefined })
  await registry.admission.mutate(operation)
  await registry.admission.validate(operation)
  if (!isDryRun(request)) {
    await amend<Pod>(served, { namespace: request.namespace, name }, (draft, old) => {
      checkPreconditions(about, binding.metadata, old.metadata)
      assign(draft, name, binding, rfc3339(registry.clock.now()))
    })
  }
  return created
}

/** What upstream answers when something was done rather than made. */
export const created: Answer = {
  type: 'object',
  code: 201,
  object: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 },
}

function demandTarget(name: string, { target }: Draft<Binding>): void {
  const errors = []
  if (!['', 'Node', undefined].includes(target?.kind))
    errors.push(fieldNotSupported('target.kind', target.kind, ['Node', '<empty>']))
  if (!target?.name) errors.push(fieldRequired('target.name'))
  else if (target.name.includes('/')) errors.push(fieldInvalid('target.name', target.name, "may not contain '/'"))
  if (errors.length > 0) throw invalid({ group: '', resource: 'Binding', name }, errors)
}

function assign(pod: Draft<Pod>, name: string, binding: Draft<Binding>, now: string): void {
  const subject = { group: '', resource: 'pods/binding', name }
  if (pod.metadata.deletionTimestamp)
    throw conflict(subject, `pod ${name} is being deleted, cannot be assigned to a host`)
  if (pod.spec.nodeName)
    throw conflict(subject, `pod ${name} is already assigned to node ${JSON.stringify(pod.spec.nodeName)}`)
  if (pod.spec.schedulingGates?.length) throw conflict(subject, `pod ${name} has non-empty .spec.schedulingGates`)
  pod.spec.nodeName = binding.target.name!
  const { annotations, labels } = binding.metadata
  if (annotations) pod.metadata.annotations = { ...pod.metadata.annotations, ...annotations }
  if (labels) pod.metadata.labels = { ...pod.metadata.labels, ...labels }
  const others = (pod.status.conditions ?? []).filter(condition => condition.type !== 'PodScheduled')
  const scheduled = { type: 'PodScheduled', status: 'True', lastTransitionTime: now }
  pod.status = { ...pod.status, conditions: [...others, scheduled] as typeof others }
}
