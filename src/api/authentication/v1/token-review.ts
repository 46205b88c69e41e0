import { always, atomicList, bool, required, string } from '../../../schema/schema.ts'
import { authentication } from '../../group-version.ts'
import { UserInfo } from './self-subject-review.ts'

export class TokenReviewSpec extends authentication.type({
  audiences: atomicList(string()),
  token: required(string()),
}) {}

export class TokenReviewStatus extends authentication.type({
  audiences: atomicList(string()),
  authenticated: bool(),
  error: string(),
  user: UserInfo,
}) {}

export class TokenReview extends authentication.object({
  spec: required(TokenReviewSpec),
  status: always(TokenReviewStatus),
}) {}

export const tokenReviews = authentication.resource(TokenReview, {
  plural: 'tokenreviews',
  namespaced: false,
  verbs: ['create'],
})
