import { always, atomicList, list, map, string } from '../../../schema/schema.ts'
import { authentication } from '../../group-version.ts'

export class UserInfo extends authentication.type({
  extra: map(list(string())),
  groups: atomicList(string()),
  uid: string(),
  username: string(),
}) {}

export class SelfSubjectReviewStatus extends authentication.type({
  userInfo: UserInfo,
}) {}

export class SelfSubjectReview extends authentication.object({
  status: always(SelfSubjectReviewStatus),
}) {}

export const selfSubjectReviews = authentication.resource(SelfSubjectReview, {
  plural: 'selfsubjectreviews',
  namespaced: false,
  verbs: ['create'],
})
