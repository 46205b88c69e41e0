import type { SubjectAccessReview } from '../../api/authorization/v1/subject-access-review.ts'
import { badRequest } from '../../machinery/status-error.ts'
import type { Attributes } from '../authorizer.ts'
import type { Operate, Registry } from '../registry/api-request.ts'
import { decodeBody } from '../registry/decode.ts'
import type { Draft } from '../registry/strategy.ts'
import type { User } from '../user.ts'

type Spec = Draft<SubjectAccessReview>['spec']

/** SubjectAccessReview and its namespaced sibling: may someone do something? */
export const subjectAccessReview: Operate = async (registry, request) => {
  const review = decodeBody(request) as Draft<SubjectAccessReview>
  const { user = '', groups = [], uid, extra } = review.spec ?? {}
  if (!user && groups.length === 0) throw badRequest('at least one of user or group must be specified')
  const { namespace } = request
  if (namespace !== undefined && review.spec.resourceAttributes?.namespace !== namespace) {
    throw badRequest('spec.resourceAttributes.namespace must match namespace')
  }
  const someone: User = { name: user, groups, ...(uid && { uid }), ...(extra && { extra }) }
  return reviewed(registry, someone, review)
}

/** SelfSubjectAccessReview: may I? */
export const selfSubjectAccessReview: Operate = async (registry, request) =>
  reviewed(registry, request.user, decodeBody(request) as Draft<SubjectAccessReview>)

async function reviewed(registry: Registry, user: User, review: Draft<SubjectAccessReview>) {
  const decision = await registry.authorizer.authorize(attributesOf(user, review.spec))
  const status = {
    allowed: decision.allowed,
    ...(decision.denied && { denied: true }),
    ...(decision.reason && { reason: decision.reason }),
  }
  return { type: 'object', code: 201, object: { ...review, status } } as const
}

function attributesOf(user: User, { resourceAttributes: resource, nonResourceAttributes: path }: Spec): Attributes {
  if (!!resource === !!path) {
    throw badRequest('exactly one of nonResourceAttributes or resourceAttributes must be specified')
  }
  if (path) return { user, verb: path.verb ?? '', path: path.path ?? '' }
  const { verb = '', group = '', version = '', resource: plural = '', subresource = '', namespace, name } = resource!
  return {
    user,
    verb,
    path: '',
    group,
    version,
    resource: plural,
    subresource,
    ...(namespace && { namespace }),
    ...(name && { name }),
  }
}
