import type { Event } from '../../api/core/v1/event.ts'
import type { Event as EventV1 } from '../../api/events/v1/event.ts'
import { fieldInvalid } from '../../machinery/field-error.ts'
import type { Strategy } from '../registry/strategy.ts'
import { type Errors, none } from '../validation/rules.ts'

/** Events stand in the namespace of what they tell of. */
export const eventStrategy: Strategy<Event> = {
  validate: ({ metadata, involvedObject }) =>
    validateNamespace(metadata.namespace, involvedObject?.namespace ?? '', 'involvedObject.namespace'),
}

/** The same in the newer form. */
export const eventV1Strategy: Strategy<EventV1> = {
  validate: ({ metadata, regarding }) =>
    validateNamespace(metadata.namespace, regarding?.namespace ?? '', 'regarding.namespace'),
}

/** Events stand beside what they tell of; those of cluster-scoped objects in `default`, or with the nodes' own. */
function validateNamespace(namespace: string, about: string, path: string): Errors {
  if (about === namespace) return none
  if (about === '' && (namespace === 'default' || namespace === 'kube-system')) return none
  return [fieldInvalid(path, about, 'does not match event.namespace')]
}
