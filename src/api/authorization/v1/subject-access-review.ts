import { always, required } from '../../../schema/schema.ts'
import { authorization } from '../../group-version.ts'
import { SubjectAccessReviewSpec, SubjectAccessReviewStatus } from './local-subject-access-review.ts'

export class SubjectAccessReview extends authorization.object({
  spec: required(SubjectAccessReviewSpec),
  status: always(SubjectAccessReviewStatus),
}) {}

export const subjectAccessReviews = authorization.resource(SubjectAccessReview, {
  plural: 'subjectaccessreviews',
  namespaced: false,
  verbs: ['create'],
})
