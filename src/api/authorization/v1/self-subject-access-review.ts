import { always, required } from '../../../schema/schema.ts'
import { authorization } from '../../group-version.ts'
import { NonResourceAttributes, ResourceAttributes, SubjectAccessReviewStatus } from './local-subject-access-review.ts'

export class SelfSubjectAccessReviewSpec extends authorization.type({
  nonResourceAttributes: NonResourceAttributes,
  resourceAttributes: ResourceAttributes,
}) {}

export class SelfSubjectAccessReview extends authorization.object({
  spec: required(SelfSubjectAccessReviewSpec),
  status: always(SubjectAccessReviewStatus),
}) {}

export const selfSubjectAccessReviews = authorization.resource(SelfSubjectAccessReview, {
  plural: 'selfsubjectaccessreviews',
  namespaced: false,
  verbs: ['create'],
})
