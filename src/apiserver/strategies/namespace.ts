import type { Namespace } from '../../api/core/v1/namespace.ts'
import { qualifiedName } from '../../machinery/names.ts'
import { deepCopy } from '../cache/json.ts'
import type { Draft, Strategy } from '../registry/strategy.ts'
import { each, named } from '../validation/rules.ts'

const finalizer = 'kubernetes'

/** Namespaces hold on to `spec.finalizers` until all that is in them is gone. */
export const namespaceStrategy: Strategy<Namespace> = {
  name: 'label',
  generation: false,
  prepareCreate(namespace) {
    namespace.status = { phase: 'Active' }
    const finalizers = namespace.spec.finalizers ?? []
    if (!finalizers.includes(finalizer)) namespace.spec.finalizers = [...finalizers, finalizer]
  },
  prepareUpdate(namespace, old, { subresource }) {
    if (subresource === 'finalize') return
    namespace.spec = deepCopy(old.spec) as Draft<Namespace['spec']>
  },
  validate: ({ spec }) => each(spec.finalizers, 'spec.finalizers', (name, at) => named(name, at, qualifiedName)),
}
