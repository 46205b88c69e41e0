import type { Ingress } from '../../api/networking/v1/ingress.ts'
import { ingressClasses } from '../../api/networking/v1/ingress-class.ts'
import type { Lister } from '../lister.ts'
import type { Draft } from '../registry/strategy.ts'
import { newestDefault } from './newest-default.ts'
import type { Plugin } from './plugin.ts'

/** Ingresses that name no class get the default one. */
export function defaultIngressClass(lister: Lister): Plugin {
  return {
    name: 'DefaultIngressClass',
    operations: ['CREATE'],
    resources: ['networking.k8s.io/ingresses'],
    async mutate({ object }) {
      const ingress = object as Draft<Ingress>
      const old = ingress.metadata.annotations?.['kubernetes.io/ingress.class']
      if (ingress.spec?.ingressClassName !== undefined || old !== undefined) return
      await lister.ready([ingressClasses])
      const found = newestDefault(lister.list(ingressClasses), ['ingressclass.kubernetes.io/is-default-class'])
      if (found) ingress.spec = { ...ingress.spec, ingressClassName: found } as typeof ingress.spec
    },
  }
}
